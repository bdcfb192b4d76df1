use super::*;
use proptest::prelude::*;

mod flavour;

/// What a pattern is refused with, and the part of it that begins there.
fn refusal(pattern: &str) -> (String, String) {
    let error = Pattern::compile(pattern).err().unwrap_or_else(|| panic!("{pattern} is not refused"));
    assert_eq!(error.fault, Fault::Broken);
    (error.message, pattern[error.offset.unwrap_or_default()..].to_owned())
}

fn pattern(text: &str) -> Pattern {
    Pattern::compile(text).unwrap()
}

#[test]
fn what_dotnet_refuses_is_refused_at_its_place() {
    for (pattern, at, needle) in [
        ("a(b", "(b", "never closed"),
        ("(?=a", "(?=a", "never closed"),
        ("a)", ")", "one `)` too many"),
        ("a[b", "[b", "never closed"),
        ("[]", "[]", "never closed"),
        (r"[\", r"[\", "never closed"),
        ("(?#a", "(?#a", "comment is never closed"),
        ("[z-a]", "a]", "z-a runs backwards"),
        (r"[a-\d]", r"\d]", "not with a class"),
        ("[a-[b]c]", "c]", "stands last"),
        ("[[:alpha:]]", "[:alpha:]]", "[:alpha:] is no class"),
        ("*a", "*a", "nothing before it"),
        ("(*a)", "*a)", "nothing before it"),
        ("a|*", "*", "nothing before it"),
        ("(?i)*", "*", "nothing before it"),
        ("{2}", "{2}", "nothing before it"),
        ("a**", "*", "follows a quantifier"),
        ("a++", "+", "possessive"),
        ("a{2}{3}", "{3}", "follows a quantifier"),
        ("a{3,2}", "{3,2}", "smaller number"),
        ("a{99999999999}", "99999999999}", "too large"),
        ("(?P<n>a)", "(?P<n>a)", "begins with `(?P`"),
        ("(?z)a", "(?z)a", "begins with `(?z`"),
        ("(?)", "(?)", "no group `(?)`"),
        ("(?<n", "", "ends with `>`"),
        ("(?<a b>c)", " b>c)", "ends with `>`"),
        ("(?<1a>b)", "a>b)", "ends with `>`"),
        ("(?<>a)", ">a)", "letters, digits"),
        ("(?<0>a)", "(?<0>a)", "whole match"),
        ("é(?<a-b>c)", "(?<a-b>c)", "balancing groups are not supported"),
        ("😀(?<-b>c)", "(?<-b>c)", "balancing groups are not supported"),
        ("(?(1)a|b)", "1)a|b)", "no group 1"),
        ("(?(1a)b)", "1a)b)", "number of a group"),
        ("(a)(?(1)b|c|d)", "(?(1)b|c|d)", "two branches"),
        ("(?(?<n>a)b|c)", "(?<n>a)b|c)", "neither a comment nor a named group"),
        ("(?(a)(?i)b|c)", "(?i)b|c)", "put them around it"),
        ("\\", "\\", "ends with a backslash"),
        (r"\1", r"\1", "no group 1"),
        (r"(a)\2", r"\2", "no group 2"),
        (r"\k<n>", r"\k<n>", "no group `n`"),
        (r"(?<n>a)\k{n}", r"\k{n}", r"written \k<name>"),
        (r"\<name>", r"\<name>", "no group `name`"),
        (r"a\x4", "", "2 hexadecimal digits"),
        (r"\u004g", "g", "4 hexadecimal digits"),
        (r"\c1", "c1", "control character"),
        (r"\pL", "pL", "name in braces"),
        (r"\p{Letter}", "p{Letter}", "no category or block `Letter`"),
        (r"\p{Greek}", "p{Greek}", "no category or block `Greek`"),
        (r"\p{IsKlingon}", "p{IsKlingon}", "`IsKlingon`"),
        (r"(?i)\p{Lu}", "p{Lu}", "(?i) ignores"),
    ] {
        let (message, rest) = refusal(pattern);
        assert!(message.contains(needle), "{pattern}: {message}");
        assert_eq!(rest, at, "{pattern}");
    }
    for letter in ["y", "K", "R", "X", "h", "_", "é", "8", "Q"] {
        assert!(Pattern::compile(&format!(r"\{letter}")).is_err(), "{letter}");
        assert!(Pattern::compile(&format!(r"[\{letter}]")).is_err(), "{letter}");
    }
}

#[test]
fn deep_and_long_patterns_are_refused() {
    let nested = |open: &str, depth: usize, close: &str| format!("{}a{}", open.repeat(depth), close.repeat(depth));
    for (open, close) in [("(", ")"), ("(?:", ")"), ("[a-", "]"), ("(?(", ")a|b)"), ("(?=", ")*")] {
        assert!(Pattern::compile(&nested(open, 60, close)).is_ok(), "{open}");
        for depth in [1_000, 3_000] {
            if nested(open, depth, close).len() <= MAX_PATTERN {
                assert!(refusal(&nested(open, depth, close)).0.contains("nests deeper"), "{open}");
            }
        }
    }
    assert!(Pattern::compile(&"é".repeat(MAX_PATTERN)).is_ok());
    assert!(Pattern::compile(&"é".repeat(MAX_PATTERN + 1)).is_err());
    assert!(Pattern::compile(&"😀".repeat(MAX_PATTERN / 2 + 1)).is_err());
}

#[test]
fn groups_are_found_by_name_and_by_number() {
    let found = pattern(r"(a)(?<name>b)(?<7>c)");
    for group in ["0", "1", "2", "7", "name"] {
        assert!(found.has_group(group), "{group}");
    }
    for group in ["", "3", "01", "+1", "-1", "Name", "99999999999999999999", " 1"] {
        assert!(!found.has_group(group), "{group}");
    }
    assert_eq!(found.first_group("xabcabc", "name").unwrap().as_deref(), Some("b"));
    assert_eq!(found.first_group("xabc", "7").unwrap().as_deref(), Some("c"));
    assert_eq!(found.first_group("x", "7").unwrap(), None);
    assert_eq!(pattern("a|(b)").first_group("ab", "1").unwrap().as_deref(), Some(""));
    assert_eq!(found.first_group("abc", "zz").unwrap_err().fault, Fault::Broken);
}

#[test]
fn one_group_is_replaced_in_every_match() {
    for (text, group, source, literal, result) in [
        (r"(?<d>\d)x", "d", "1x2x3", "#", "#x#x3"),
        (r"(\d)x", "1", "1x2x3", "$1", "$1x$1x3"),
        (r"(\d)x", "0", "1x2x3", "-", "--3"),
        ("a(b)?", "1", "aab", "-", "aa-"),
        ("(?<n>a|b)+", "n", "abxa", "-", "a-x-"),
        ("a(?=(b))", "1", "abab", "-", "a-a-"),
        ("(?=(aa))a", "1", "aaa", "-", "-a"),
        ("(?<=(.))b", "1", "abb", "-", "--b"),
        ("()", "1", "ab", "-", "-a-b-"),
        ("a(.)", "1", "a😀", "x", "ax\u{FFFD}"),
        ("x(y)", "1", "abc", "-", "abc"),
    ] {
        assert_eq!(pattern(text).replace_group(source, group, literal).unwrap(), result, "{text}");
    }
}

/// Patterns that explode on an engine without a limit. A step is a step whatever the machine: no clock is needed.
#[test]
fn nothing_runs_on() {
    let text = "a".repeat(5_000) + "!";
    for explosive in [
        "(a+)+$",
        "(a|aa)+$",
        "(a*)*$",
        r"^(a|aa)+(b)?\2$",
        "(?:a.*)+b.*c.*d",
        "(.*)(.*)(.*)(.*)(.*)x",
        "(?:(?=.*x)|a)*?b",
        "(?:a(?=(?:a(?=(?:a(?=.*))*))*))*b",
        "(?<=(?:a+)+b)!",
        "((a?){1000}){1000}b",
        "(?:){2147483647}(?:(?:){2147483647}){2147483647}b",
        r"(?:(?:\b?){1000000}){1000000}b",
        r"(a+)(?:\1)*?(?:\1\1)*?b",
        "(?>(?:a*?)*?b)",
        "(?:a|(?=a))*?b",
    ] {
        match pattern(explosive).replace(&text, "x") {
            Ok(result) => assert_eq!(result, text, "{explosive}"),
            Err(error) => assert_eq!(error.fault, Fault::GaveUp, "{explosive}"),
        }
    }
    assert_eq!(pattern("(a+)+$").is_match(&text).unwrap_err().fault, Fault::GaveUp);
    assert!(!pattern("(a{1000}){1000}").is_match(&"a".repeat(1_500)).unwrap());
    assert!(pattern("(a{70}){70}").is_match(&text).unwrap());
}

/// The steps are shared by all matches of one call.
#[test]
fn many_matches_that_each_go_back_a_little_end_too() {
    let text = ("a".repeat(18) + "b").repeat(200);
    let error = pattern("(?:a+)+c|a+b").replace(&text, "x").unwrap_err();
    assert_eq!(error.fault, Fault::GaveUp);
}

#[test]
fn long_texts_are_no_trouble_and_too_long_ones_are_refused() {
    let long = "ab ".repeat(100_000);
    assert_eq!(pattern(r"(\w+) ").replace(&long, "$1").unwrap().len(), 200_000);
    assert_eq!(pattern("^.*$").replace(&long, "x").unwrap(), "x");
    assert_eq!(pattern("b").replace(&long, "12345678901").unwrap_err().fault, Fault::TooLong);
    assert_eq!(pattern("b").replace(&long, "$_").unwrap_err().fault, Fault::TooLong);
    assert_eq!(pattern("b").replace(&long, &"$1".repeat(9)).unwrap_err().fault, Fault::TooLong);
    assert_eq!(pattern("()").replace(&long, &"$1".repeat(100)).unwrap_err().fault, Fault::GaveUp);
    assert_eq!(pattern("b").is_match(&"a".repeat(MAX_TEXT + 1)).unwrap_err().fault, Fault::TooLong);
}

#[test]
fn a_set_is_the_same_twice_negated() {
    for text in ["[a-c]", "[^a-c]", r"[\0-\uffff]", r"[^\0-\uffff]", r"\w", r"[\0\uffff]"] {
        let set = parse::parse(&text.encode_utf16().collect::<Vec<_>>()).unwrap().sets.pop().unwrap();
        assert_eq!(set.negated().negated(), set, "{text}");
        assert!((0..=u16::MAX).step_by(7).all(|unit| set.contains(unit) != set.negated().contains(unit)), "{text}");
    }
}

fn near_pattern() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        prop::sample::select(vec![
            "(",
            "(?:",
            "(?<n>",
            "(?'m'",
            "(?=",
            "(?!",
            "(?<=",
            "(?<!",
            "(?>",
            "(?(1)",
            "(?(",
            "(?i)",
            "(?x)",
            "(?n:",
            ")",
            ")*",
            ")+?",
            ")?",
            "){0,3}",
            "){2,}?",
            "|",
            "[",
            "[^",
            "]",
            "-[",
            "*",
            "+?",
            "?",
            "{2,3}",
            "{",
            "}",
            "^",
            "$",
            r"\b",
            r"\G",
            r"\1",
            r"\k<n>",
            r"\10",
            r"\p{L}",
            r"\P{IsGreek}",
            r"\w",
            r"\D",
            r"\x41",
            r"\u0061",
            r"\cA",
            "(?#",
            "#",
            " ",
        ])
        .prop_map(str::to_owned),
        "[ab.é😀\\\\]{1,2}",
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_pattern_and_no_text_make_anything_panic(
        text in near_pattern(), on in "[ab1é😀 \n]{0,40}", replacement in "[a$\\{\\}0-9n&`'+_]{0,8}",
    ) {
        if let Ok(found) = Pattern::compile(&text) {
            for result in [found.replace(&on, &replacement), found.replace_group(&on, "0", &replacement)] {
                if let Err(error) = result {
                    prop_assert!(error.fault == Fault::GaveUp || error.message.contains("too large"));
                }
            }
        }
    }

    #[test]
    fn any_text_is_a_pattern_or_is_refused(text in "\\PC{0,30}") {
        let _ = Pattern::compile(&text);
    }

    #[test]
    fn a_text_matches_itself_when_it_is_escaped(text in "\\PC{1,20}") {
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        prop_assert_eq!(pattern(&escaped).replace(&text, "x").unwrap(), "x");
    }

    #[test]
    fn steps_have_an_end(text in near_pattern(), on in "[ab]{0,30}", steps in 0..2_000_usize) {
        let units: Vec<u16> = on.encode_utf16().collect();
        if let Ok(found) = Pattern::compile(&text) {
            let mut machine = Machine::new(&found.program, &units, steps);
            let _ = machine.find(0, 0);
            prop_assert!(machine.kept() <= 2 * steps + 2);
        }
    }
}
