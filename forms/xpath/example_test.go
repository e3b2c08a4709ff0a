package xpath_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"aman/forms/xpath"
)

const household = `<data id="household">
	<consent>yes</consent>
	<person><name>Zarmina</name><age>34</age></person>
	<person><name>Wali</name><age>7</age></person>
</data>`

func ExampleCompile() {
	doc, err := xpath.ParseXML(strings.NewReader(household), xpath.XMLLimits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	children, err := xpath.Compile("count(/data/person[age < 18])")
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := children.Number(&xpath.Env{Node: doc})
	fmt.Println(n, err)
	// Output: 1 <nil>
}

func ExampleSyntaxError() {
	_, err := xpath.Compile("/data/consent == 'yes'")
	var syntax *xpath.SyntaxError
	fmt.Println(errors.As(err, &syntax), syntax.Column(), syntax.Hint)
	fmt.Println(err)
	// Output:
	// true 15 write "=" to compare
	// at character 15: “==” is not part of XPath (write "=" to compare): /data/consent == 'yes'
}

func ExampleExpr_References() {
	x := xpath.MustCompile("if(../age < 18, instance('rates')/root/item[who = 'child']/rate, /data/rate)")
	for _, ref := range x.References("/data/person/fee") {
		fmt.Printf("%q %s\n", ref.Instance, ref.Path)
	}
	// Output:
	// "" /data/person/age
	// "" /data/rate
	// "rates" /root/item/rate
	// "rates" /root/item/who
}

func ExampleOrder() {
	list := []xpath.Calculation{
		{Path: "/data/total", Expr: xpath.MustCompile("../price * ../count")},
		{Path: "/data/count", Expr: xpath.MustCompile("count(../person)")},
		{Path: "/data/price", Expr: xpath.MustCompile("if(../count > 3, 8, 10)")},
	}
	order, err := xpath.Order(list)
	for _, i := range order {
		fmt.Println(list[i])
	}
	fmt.Println(err)
	// Output:
	// /data/count = count(../person)
	// /data/price = if(../count > 3, 8, 10)
	// /data/total = ../price * ../count
	// <nil>
}

func ExampleRewrite() {
	x := xpath.MustCompile("/data/age > 17")
	renamed := xpath.Rewrite(x.Term(), func(t xpath.Term) xpath.Term {
		if n, ok := t.(*xpath.Number); ok {
			return &xpath.Number{Value: n.Value + 1}
		}
		return t
	})
	fmt.Println(xpath.Format(renamed))
	// Output: /data/age > 18
}

func ExampleQuery() {
	for _, expr := range []string{"/data/person/name", "sum(/data/person/age)", "consent = 'yes'"} {
		answer, err := xpath.Query(expr, strings.NewReader(household), "/data", nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Print(answer.Text())
		json.NewEncoder(os.Stdout).Encode(answer)
	}
	// Output:
	// /data/person[1]/name	Zarmina
	// /data/person[2]/name	Wali
	// {"type":"nodes","value":"Zarmina","nodes":[{"path":"/data/person[1]/name","text":"Zarmina"},{"path":"/data/person[2]/name","text":"Wali"}]}
	// 41
	// {"type":"number","value":41}
	// true
	// {"type":"boolean","value":true}
}
