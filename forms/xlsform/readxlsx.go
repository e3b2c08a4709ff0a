package xlsform

import "errors"

func readXLSX(data []byte) (*Workbook, error) { return nil, errors.New("todo") }
func readXLS(data []byte) (*Workbook, error)  { return nil, errors.New("todo") }
