package names

import "testing"

func TestNormalize(t *testing.T) {
	for in, want := range map[string]string{
		"":                     "",
		"  Mr.  Imran   KHAN ": "imran khan",
		"Mst. Fatima Bibi":     "fatima bibi",
		"Mohd. Aslam":          "muhammad aslam",
		"Md Rafiqul Islam":     "muhammad rafiqul islam",
		"Haji Dr. Gul":         "gul",
		"Dr":                   "dr", // nothing else to keep
		"Gul Khan Sahib":       "gul khan",
		"Mr Sahib Khan":        "sahib khan",
		"Sa'eed":               "saeed",
		"Saʿīd":                "said",
		"Abdul-Rehman":         "abdul rehman",
		"Ali s/o Ahmed":        "ali ahmed",
		"Zainab D/O Karim":     "zainab karim",
		"Şükrü":                "shukru",
		"مُحَمَّد":             "محمد",
		"علي":                  "علی",
		"موسىٰ":                "موسی",
		"كريم":                 "کریم",
		"فاطمة":                "فاطمہ",
		"فاطمۃ":                "فاطمہ",
		"طاهر":                 "طاہر",
		"أحمد إبراهيم آمنہ":    "احمد ابراہیم امنہ",
		"رؤف":                  "روف",
		"عائشہ":                "عایشہ",
		"عـــلی":               "علی",
		"سیف\u200cالله":        "سیفاللہ",
		"\u202bحسین\u202c":     "حسین",
		"ﻣﺤﻤﺪ":                 "محمد",
		"محمد ﷺ":               "محمد",
		"کمرہ ۱۲۳ ١٢٣":         "کمرہ 123 123",
		"جناب محمد اسلم صاحب":  "محمد اسلم",
		"مسماۃ زینب":           "زینب",
		"بی بی گل":             "بیبی گل",
		"ګل مرجانه":            "گل مرجانہ",
		"ڀٽو":                  "بھٽو",
		"মোঃ রহিম":             "মোহাম্মদ রহিম",
		"মোসাম্মৎ ফাতেমা":     "ফাতেমা",
		"\u09af\u09bc \u09df": "\u09af\u09bc \u09af\u09bc", // one letter, two encodings
		"Ａｌｉ":                 "ali",
		"Иброҳим":             "иброҳим",
		"李":                   "李",
		"12/3":                "12 3",
	} {
		if got := Normalize(in); got != want {
			t.Errorf("Normalize(%q) = %q, want %q", in, got, want)
		}
	}
	if got := Parse("Khan Imran Ali").Sorted(); got != "ali imran khan" {
		t.Errorf("Sorted = %q", got)
	}
}

func TestRomaniseBengali(t *testing.T) {
	for in, want := range map[string]string{
		"রহমান": "rohoman", "মোহাম্মদ": "mohammod", "আয়েশা": "ayeʂa", "ওয়াহিদ": "wahid", "খাতুন": "khatun",
		"জাহাঙ্গীর": "ʒahangir", "আব্দুল": "abdul", "বড়ুয়া": "boruya", "ali": "ali", "علی": "علی",
	} {
		if got := romaniseBengali(fold(in)); got != want {
			t.Errorf("romaniseBengali(%q) = %q, want %q", in, got, want)
		}
	}
}

// Every row of words.tsv is of a kind the code knows and holds a word.
func TestWords(t *testing.T) {
	kinds := map[string]bool{"title": false, "after": false, "expand": true, "article": false, "link": false, "suffix": true, "affix": false,
		"light": false, "whole": false, "second": false, "prefix": true, "sounds": true}
	for kind, ws := range words {
		withValue, known := kinds[kind]
		if !known {
			t.Errorf("unknown kind %q", kind)
		}
		for w, value := range ws {
			if w == "" || (value != "") != withValue {
				t.Errorf("%s %q has value %q", kind, w, value)
			}
			if kind == "expand" && is("title", value) {
				t.Errorf("%q becomes a title", w)
			}
		}
	}
}
