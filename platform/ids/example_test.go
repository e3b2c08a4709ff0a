package ids_test

import (
	"fmt"

	"aman/platform/ids"
)

func ExampleParseCode() {
	code, err := ids.ParseCode("7kq4 xm2p v")
	fmt.Println(code, err)
	_, err = ids.ParseCode("7K4Q-XM2P-V") // two symbols swapped
	fmt.Println(err)
	// Output:
	// 7KQ4-XM2P-V <nil>
	// this case code was misread or mistyped somewhere: please compare it symbol by symbol
}

func ExampleNewCodeUnless() {
	given := map[ids.Code]bool{}
	code, err := ids.NewCodeUnless(func(c ids.Code) (bool, error) { return given[c], nil })
	fmt.Println(len(code), err)
	// Output: 11 <nil>
}

func ExampleTime() {
	made, _ := ids.Time("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
	fmt.Println(made)
	// Output: 2022-02-22 19:22:22 +0000 UTC
}
