package names_test

import (
	"fmt"
	"slices"

	"aman/linkage/names"
)

func ExampleNormalize() {
	fmt.Println(names.Normalize("Mst. Fatima BIBI"))
	fmt.Println(names.Normalize("Mohd. Aslam s/o Abdul-Karim"))
	fmt.Println(names.Normalize("مُحَمَّد علي") == names.Normalize("محمد علی"))
	// Output:
	// fatima bibi
	// muhammad aslam abdul karim
	// true
}

func ExampleKeys() {
	fmt.Println(names.Keys("Yousaf Khan"))
	fmt.Println(names.Keys("خان یوسف"))
	shared := func(a, b string) bool {
		return slices.ContainsFunc(names.Keys(a), func(k string) bool { return slices.Contains(names.Keys(b), k) })
	}
	fmt.Println(shared("Khadija", "خدیجہ"), shared("Khadija", "Khalida"))
	// Output:
	// [f:ysfkn n:kn ysf w:xn w:ysf]
	// [f:knysf f:knywsf n:kn ysf w:xn w:ysf w:ywsf]
	// true false
}

func ExampleSimilarity() {
	for _, other := range []string{"Mohammed Imran Khan", "محمد عمران", "Imran", "Muhammad Kamran", "Zahid Shah"} {
		fmt.Printf("%.2f %s\n", names.Similarity("Muhammad Imran", other), other)
	}
	// Output:
	// 0.89 Mohammed Imran Khan
	// 0.96 محمد عمران
	// 0.87 Imran
	// 0.67 Muhammad Kamran
	// 0.08 Zahid Shah
}

// One record against many: parse each name once.
func ExampleName_Similarity() {
	asked := names.Parse("Abdul Rehman")
	best, score := "", 0.0
	for _, s := range []string{"Abdur Raheem", "عبد الرحمن", "Abdul Ghani"} {
		if x := asked.Similarity(names.Parse(s)); x > score {
			best, score = s, x
		}
	}
	fmt.Println(best)
	// Output: عبد الرحمن
}
