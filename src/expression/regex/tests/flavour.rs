//! One table per rule. Every result was checked on a runtime that is compatible with .NET.

use super::super::*;

/// Pattern, text, replacement, result.
fn check(cases: &[(&str, &str, &str, &str)]) {
    for (pattern, text, replacement, result) in cases {
        let compiled = Pattern::compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        assert_eq!(compiled.replace(text, replacement).unwrap(), *result, "{pattern} on {text:?}");
        assert_eq!(compiled.is_match(text).unwrap(), compiled.first_group(text, "0").unwrap().is_some(), "{pattern}");
    }
}

#[test]
fn the_end_of_the_text_may_be_before_a_last_line_feed() {
    check(&[
        ("b$", "b\n", "x", "x\n"),
        (r"b\Z", "b\n", "x", "x\n"),
        (r"b\z", "b\n", "x", "b\n"),
        ("b$", "b\n\n", "x", "b\n\n"),
        ("$", "b\n", "|", "b|\n|"),
        ("^a", "a\na", "x", "x\na"),
        ("(?m)^a", "a\na", "x", "x\nx"),
        ("(?m)a$", "a\na", "x", "x\nx"),
        ("(?m)a$", "a\r\na", "x", "a\r\nx"),
        (r"\Aa", "aa", "x", "xa"),
        (r"\Ga", "aab", "x", "xxb"),
        ("a.b", "a\nb a\rb", "x", "a\nb x"),
        ("(?s)a.b", "a\nb", "x", "x"),
    ]);
}

#[test]
fn classes_of_characters_follow_unicode() {
    check(&[
        (r"\d", "1٣½", "x", "xx½"),
        (r"\w", "é_‿٣-\u{301}\u{903}", "x", "xxxx-x\u{903}"),
        (r"\s", "a\u{A0}b\u{3000}c\u{200B}d\u{85}", "x", "axbxc\u{200B}dx"),
        (r"\W", "é-", "x", "éx"),
        (r"[^\W_]", "a_-", "x", "x_-"),
        (r"[\D]", "1a", "x", "1x"),
        (r"\bcafé\b", "café cafés", "x", "x cafés"),
        (r"\b", "a\u{200D}b c", "|", "|a\u{200D}b| |c|"),
        (r"\B", "ab", "|", "a|b"),
        (r"\p{Lu}", "aBÇ", "x", "axx"),
        (r"\P{Lu}", "aBÇ", "x", "xBÇ"),
        (r"\p{L}+", "aéß1", "x", "x1"),
        (r"\p{IsGreek}+", "aαΩb", "x", "axb"),
        (r"\p{IsCyrillic}", "aж", "x", "ax"),
        (r"\p{IsLatin-1Supplement}", "aé", "x", "ax"),
        (r"[\p{IsHiragana}\p{IsKatakana}]+", "あア漢", "x", "x漢"),
        (r"\p{IsCombiningDiacriticalMarks}", "e\u{301}", "", "e"),
    ]);
}

#[test]
fn brackets() {
    check(&[
        ("[a-z-[aeiou]]", "abcde", "x", "axxxe"),
        ("[a-z-[d-w-[m]]]", "amdz", "x", "xxdx"),
        (r"[\w-[\d]]", "a1", "x", "x1"),
        ("[]a]", "a]b", "x", "xxb"),
        ("[^]a]", "a]b", "x", "a]x"),
        ("[a[b]", "a[b]", "x", "xxx]"),
        ("[a&&b]", "a&b", "x", "xxx"),
        ("[a~~b]", "a~b", "x", "xxx"),
        ("[a-]", "a-b", "x", "xxb"),
        ("[-a]", "a-b", "x", "xxb"),
        (r"[\b]", "a\u{8}b", "x", "axb"),
        (r"[\]\-\^\\]", r"a]-^\", "x", "axxxx"),
        ("[[::]a]", "[a:]", "x", "xx:]"),
        ("[+--]", "+,-.", "x", "xxx."),
        (r"[\x41-\u0043]", "ABCD", "x", "xxxD"),
        ("[^a-c]", "abcd", "x", "abcx"),
        ("[.*+?$]", "a.*+?$", "x", "axxxxx"),
        (r"[\<\>]", "<>", "x", "xx"),
        (r"[\d-z]", "1-z", "x", "xxx"),
    ]);
}

#[test]
fn groups_are_numbered_unnamed_first() {
    check(&[
        ("(?<n>a)(b)(c)", "abc", "$1-$2-$3", "b-c-a"),
        ("(a)(?<n>b)(c)", "abc", "$1$2$3${n}", "acbb"),
        ("(?'n'a)(?<m>b)", "ab", "${m}${n}$1$2", "baab"),
        ("(?<2>a)(b)", "ab", "$1$2", "ba"),
        ("(?<5>a)(b)", "ab", "$1$5", "ba"),
        ("(?n)(a)(?<n>b)", "ab", "$1${n}", "bb"),
        ("(a)(?:b)(c)", "abc", "$1$2$3", "ac$3"),
        ("(?<n>a)|(?<n>b)", "ab", "[${n}]", "[a][b]"),
        ("(?<n>a)(?<n>b)", "ab", "[${n}]", "[b]"),
        ("(a)|b", "ab", "[$1]", "[a][]"),
        ("(a|b)*", "ab", "[$1]", "[b][]"),
        ("(?:(a)|b)*", "ab", "[$1]", "[a][]"),
    ]);
}

#[test]
fn options() {
    check(&[
        ("(?i)straße", "STRAßE", "x", "x"),
        ("(?i:a)b", "Ab AB", "x", "x AB"),
        ("a(?i)b|c", "aB C", "x", "x x"),
        ("(a(?i)b)c", "aBc aBC", "x", "x aBC"),
        ("(?i)[a-c]", "B", "x", "x"),
        ("(?i)[^a]", "Aab", "x", "Aax"),
        ("(?i)é", "É", "x", "x"),
        ("(?i)Σ", "σς", "x", "xς"),
        ("(?i)i", "Iİı", "x", "xİı"),
        ("(?-i)a", "A", "x", "A"),
        ("(?x) a b # c\n c", "abc", "x", "x"),
        (r"(?x)a\ b[ ]c", "a b c", "x", "x"),
        ("a(?#c)b", "ab", "x", "x"),
        ("a(?#c)*", "aa", "x", "xx"),
        ("(?x: a ) b", "a b", "x", "x"),
        ("(?im-s+x)A B", "ab", "x", "x"),
    ]);
}

#[test]
fn references() {
    check(&[
        (r"(a)\1", "aaa", "x", "xa"),
        (r"(?<n>a)\k<n>", "aa", "x", "x"),
        (r"(?<n>a)\k'n'", "aa", "x", "x"),
        (r"(?<n>a)\<n>", "aa", "x", "x"),
        (r"(?i)(a)\1", "aA", "x", "x"),
        (r"(a)\10", "a\u{8}", "x", "x"),
        (r"\10", "\u{8}", "x", "x"),
        (r"(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\10", "abcdefghijj", "x", "x"),
        (r"(a)?\1", "b", "x", "b"),
        (r"(?:(a)|b)\1", "ab", "x", "ab"),
        (r"(a\1)", "a", "x", "a"),
        (r"\x41\u0042\103\cA", "ABC\u{1}", "x", "x"),
        (r"\a\e\f\v\t\r\n\0", "\u{7}\u{1B}\u{C}\u{B}\t\r\n\0", "x", "x"),
        ("\\<\\>\\/\\-\\@\\'\\\"\\#\\ \\:\\;\\,\\=\\&\\%\\~\\`\\!", "<>/-@'\"# :;,=&%~`!", "x", "x"),
    ]);
}

#[test]
fn looking_round_and_conditions() {
    check(&[
        ("a(?=b)", "abac", "x", "xbac"),
        ("a(?!b)", "abac", "x", "abxc"),
        ("(?<=a)b", "abcb", "x", "axcb"),
        ("(?<!a)b", "abcb", "x", "abcx"),
        ("(?<=a+)b", "aaab", "x", "aaax"),
        (r"(?<=(\d+)(\d+))$", "1053", "$1|$2", "10531|053"),
        (r"(?<=\1(a))a", "aaa", "x", "aax"),
        (r"(?<=@.*)\.", "a.b@c.d.e", "-", "a.b@c-d-e"),
        ("(?=(a))ab", "ab", "$1", "a"),
        ("(?>a+)ab", "aaab", "x", "aaab"),
        ("(?>a|ab)c", "abc", "x", "abc"),
        ("(a)?(?(1)b|c)", "abc", "x", "xx"),
        ("(?<n>a)?(?(n)b|c)", "abc", "x", "xx"),
        ("(?(a)ab|c)", "abc", "x", "xx"),
        (r"(?(?=\d)\d+|x)", "12x", "#", "##"),
        ("(?(?!a)b|ac)", "acb", "x", "xx"),
        ("(?(zz)a|b)", "ab", "x", "ax"),
    ]);
}

#[test]
fn quantifiers() {
    check(&[
        ("a{2}", "aaaa", "x", "xx"),
        ("a{2,}", "aaaa", "x", "x"),
        ("a{1,2}", "aaa", "x", "xx"),
        ("a{1,2}?", "aaa", "x", "xxx"),
        ("a??b", "ab", "x", "x"),
        ("a+?", "aa", "x", "xx"),
        ("a{,3}", "a{,3}", "x", "x"),
        ("x{", "x{", "y", "y"),
        ("a{b}", "a{b}", "x", "x"),
        ("{a", "{a", "x", "x"),
        ("a{1", "a{1", "x", "x"),
        ("]}", "a]}", "x", "ax"),
        ("(a|)*", "aab", "[$1]", "[][]b[]"),
        ("(a*)*", "aab", "[$1]", "[][]b[]"),
        ("(|a)+", "aaa", "[$1]", "[]a[]a[]a[]"),
        ("(a*)+b", "aab", "[$1]", "[]"),
        ("(?:a?){3}b", "aab", "x", "x"),
        ("(a?){2,3}", "aaaa", "[$1]", "[a][][]"),
        ("(?=a)*b", "ab", "x", "ax"),
        ("^*a", "aa", "x", "xx"),
        ("a{0}b", "ab", "x", "ax"),
        ("a|", "ab", "x", "xxbx"),
        ("|a", "ab", "x", "xaxbx"),
        ("(?:|a|)b", "ab", "x", "x"),
        ("()", "ab", "|", "|a|b|"),
    ]);
}

#[test]
fn text_is_utf_16() {
    check(&[
        ("^.$", "😀", "x", "😀"),
        ("^..$", "😀", "x", "x"),
        (".{8}", "😀😀😀😀", "x", "x"),
        ("[😀]", "😀😁", "x", "xxx�"),
        ("😀", "a😀", "x", "ax"),
        (r"\p{Cs}", "a😀", "x", "axx"),
        (r"\w", "😀", "x", "😀"),
        (r"\W", "😀", "x", "xx"),
        ("[^a]", "😀", "x", "xx"),
        ("😀*", "😀", "x", "x"),
        (r"\ud83d", "😀", "x", "x�"),
        (".", "😀", "$&", "😀"),
        (r"\p{Co}", "\u{E000}😀\u{F0000}", "x", "x😀\u{F0000}"),
    ]);
}

#[test]
fn empty_matches() {
    check(&[
        ("", "ab", "-", "-a-b-"),
        ("x*", "ab", "-", "-a-b-"),
        ("a*", "baac", "-", "-b--c-"),
        ("(.*)$", "abc", "x", "xx"),
        ("(.*?)(?<id>.{0,3})$", "12345", "${id}", "345"),
        (".*", "abc", "x", "xx"),
        (r"\G", "abc", "x", "xabc"),
        (r"a|\Gb", "abb", "x", "xxx"),
        (r"(\.)*$", "a..", "", "a"),
    ]);
}

#[test]
fn replacement_texts() {
    check(&[
        ("b", "abc", "[$&]", "a[b]c"),
        ("b", "abc", "$$", "a$c"),
        ("b", "abc", "$`", "aac"),
        ("b", "abc", "$'", "acc"),
        ("b", "abc", "$_", "aabcc"),
        ("(a)(b)", "abc", "$+", "bc"),
        ("(a)|(b)", "ab", "[$+]", "[][b]"),
        ("b", "abc", "$", "a$c"),
        ("b", "abc", "a$", "aa$c"),
        ("b", "abc", "${none}", "a${none}c"),
        ("b", "abc", "$1", "a$1c"),
        ("(b)", "abc", "$10", "a$10c"),
        ("(b)", "abc", "${1}0", "ab0c"),
        ("(b)", "abc", "$01", "abc"),
        ("(b)", "abc", "${1", "a${1c"),
        ("(?<n>b)", "abc", "${n}${m}$n", "ab${m}$nc"),
        ("(b)", "abc", "$0$1$2", "abb$2c"),
        ("(b)", "abc", r"\1\n", r"a\1\nc"),
        ("(?<n>b)", "abc", "${ n }", "a${ n }c"),
        ("(b)", "abc", "${-1}${}$ 1", "a${-1}${}$ 1c"),
    ]);
}
