package xform_test

import (
	"fmt"

	"aman/forms/xform"
)

const arrivals = `<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa">
<h:head><h:title>Arrivals</h:title><model>
  <instance><data id="arrivals" version="1"><age/><guardian/><meta><instanceID/></meta></data></instance>
  <bind nodeset="/data/age" type="int" required="true()" constraint=". &lt; 120" jr:constraintMsg="An age below 120."/>
  <bind nodeset="/data/guardian" type="string" relevant="/data/age &lt; 18" required="true()"/>
  <bind nodeset="/data/meta/instanceID" jr:preload="uid"/>
</model></h:head>
<h:body><input ref="/data/age"><label>Age</label></input><input ref="/data/guardian"><label>Guardian</label></input></h:body></h:html>`

func ExampleModel_Validate() {
	model, err := xform.Compile([]byte(arrivals), xform.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	report := model.Validate([]byte(`<data id="arrivals" version="1"><age>15</age><meta><instanceID>uuid:1</instanceID></meta></data>`))
	for _, f := range report.Failures {
		fmt.Println(f.Rule, f.Path, xform.Text(f.Label, "en"))
	}
	report = model.Validate([]byte(`<data id="arrivals" version="1"><age>150</age><guardian>x</guardian><meta><instanceID>uuid:2</instanceID></meta></data>`))
	for _, f := range report.Failures {
		fmt.Println(f.Code(), xform.Text(f.Message, "en"))
	}
	// Output:
	// required /data/guardian Guardian
	// constraint:/data/age An age below 120.
	// irrelevant:/data/guardian
}

func ExampleFilling() {
	model, err := xform.Compile([]byte(arrivals), xform.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	f := model.Start(xform.Conditions{})
	for _, age := range []string{"15", "34"} {
		if err := f.Set("/data/age", age); err != nil {
			fmt.Println(err)
		}
		fmt.Println(f.Relevant("/data/guardian"))
	}
	report := f.Check()
	fmt.Println(report.Fits())
	// Output:
	// true
	// false
	// true
}
