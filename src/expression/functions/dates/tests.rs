use crate::expression::{Code, Context, DateTime, Expression, Outcome, Value};
use serde_json::json;

const CLOCK: &str = "2025-07-30T12:00:00Z";

fn source(name: &str) -> Value {
    Value::from_json(&match name {
        "hired" => json!("2012-03-16-07:00"),
        "empty" => json!(""),
        "blank" => json!(" "),
        "two" => json!(["2020-01-01", "2021-01-01"]),
        "one" => json!(["2020-01-01"]),
        _ => json!(null),
    })
}

fn value(text: &str) -> Value {
    let expression = Expression::parse(text).unwrap();
    match expression.evaluate(&source, &Context::preview(CLOCK.parse().unwrap())) {
        Ok(Outcome::Value(value)) => value,
        other => panic!("{text}: {other:?}"),
    }
}

fn text(expression: &str) -> String {
    value(expression).to_text().unwrap_or_default()
}

#[test]
fn dates_have_a_text_form() {
    assert_eq!(text("CDate([hired])"), "3/16/2012 7:00:00 AM");
    assert_eq!(text("CDate([one])"), "1/1/2020 12:00:00 AM");
    assert_eq!(text("Append(Now(), \"!\")"), "7/30/2025 12:00:00 PM!");
    assert_eq!(text("DateFromNum(129699324000000000)"), "1/1/2012 11:00:00 PM");
    assert_eq!(text("NumFromDate(DateFromNum(\"129699324000000000\"))"), "129699324000000000");
    assert_eq!(text("DateAdd(\"d\", \" -10 \", [hired])"), "3/6/2012 7:00:00 AM");
    assert_eq!(text("DateDiff(\"d\", Now(), DateAdd(\"d\", 3, Now()))"), "3");
}

#[test]
fn no_date_gives_no_value() {
    for text in [
        "DateFromNum([nothing])",
        "NumFromDate([nothing])",
        "NumFromDate([empty])",
        "FormatDateTime([nothing], \"yyyy\", \"yyyy\")",
        "FormatDateTime([empty], \"yyyy\", \"yyyy\")",
    ] {
        assert_eq!(value(text), Value::Null, "{text}");
    }
}

#[test]
fn a_date_is_formatted_whatever_the_input_format_says() {
    assert_eq!(text("FormatDateTime(Now(), , \"not its format\", \"yyyy-MM-ddTHH:mm:ssK\")"), "2025-07-30T12:00:00Z");
    assert_eq!(text("FormatDateTime([hired], \"yyyy-MM-ddzzz\", \"d MMM yyyy\")"), "16 Mar 2012");
    assert_eq!(text("FormatDateTime([hired], [nothing], \"yyyy-MM-ddzzz\", \"HH:mm\")"), "07:00");
    assert_eq!(text("FormatDateTime([one], \"yyyy-MM-dd\", \"\")"), "01/01/2020 00:00:00");
}

#[test]
fn mistakes_are_shown_where_they_are() {
    for (text, code, at) in [
        ("CDate([nothing])", Code::Format, "[nothing]"),
        ("CDate([blank])", Code::Format, "[blank]"),
        ("CDate(\"bad\")", Code::Format, "\"bad\""),
        ("CDate([two])", Code::ArgType, "[two]"),
        ("CDate(\"9999-12-31 23:59:59-05:00\")", Code::OutOfRange, "\"9999-12-31 23:59:59-05:00\""),
        ("CBool(CDate([hired]))", Code::ArgType, "CDate([hired])"),
        ("BitAnd(Now(), 1)", Code::ArgType, "Now()"),
        ("DateAdd(\"q\", 1, [hired])", Code::ArgValue, "\"q\""),
        ("DateAdd([nothing], 1, [hired])", Code::ArgValue, "[nothing]"),
        ("DateAdd(\"d\", \"x\", [hired])", Code::ArgType, "\"x\""),
        ("DateAdd(\"d\", [nothing], [hired])", Code::ArgType, "[nothing]"),
        ("DateAdd(\"d\", 1.5, [hired])", Code::ArgType, "1.5"),
        ("DateAdd(\"d\", 1, [empty])", Code::Format, "[empty]"),
        ("DateAdd(\"yyyy\", 9000, [hired])", Code::OutOfRange, "9000"),
        ("DateDiff(\"D\", [hired], [hired])", Code::ArgValue, "\"D\""),
        ("DateDiff(\"d\", [hired], \"bad\")", Code::Format, "\"bad\""),
        ("DateFromNum(-1)", Code::OutOfRange, "-1"),
        ("DateFromNum([empty])", Code::ArgType, "[empty]"),
        ("DateFromNum(9223372036854775807)", Code::OutOfRange, "9223372036854775807"),
        ("NumFromDate(\"1600-12-31\")", Code::OutOfRange, "\"1600-12-31\""),
        ("NumFromDate([blank])", Code::Format, "[blank]"),
        ("FormatDateTime([hired], \"yyyy\", \"yyyy\")", Code::Format, "[hired]"),
        ("FormatDateTime([two], \"yyyy\", \"yyyy\")", Code::ArgType, "[two]"),
        ("FormatDateTime([hired], \"yyyy-MM-ddzzz\", \"q\")", Code::Format, "\"q\""),
        ("FormatDateTime([hired], \"'\", \"yyyy\")", Code::Format, "\"'\""),
        ("FormatDateTime([hired], \"Never\", \"yyyy-MM-ddzzz\", \"yyyy\")", Code::ArgValue, "\"Never\""),
        ("FormatDateTime([hired], , \"yyyy-MM-ddzzz\", \"'\")", Code::Format, "\"'\""),
        ("FormatDateTime(Now(), \"Never\", \"yyyy\", \"yyyy\")", Code::ArgValue, "\"Never\""),
    ] {
        let expression = Expression::parse(text).unwrap();
        let error = expression.evaluate(&source, &Context::preview(CLOCK.parse().unwrap())).unwrap_err();
        assert_eq!((error.code, &text[error.span.start..error.span.end]), (code, at), "{text}: {error}");
    }
}

#[test]
fn a_message_quotes_the_beginning_of_a_long_value() {
    let expression = Expression::parse("CDate([a])").unwrap();
    let long = |_: &str| Value::text("é".repeat(5_000));
    let error = expression.evaluate(&long, &Context::preview(CLOCK.parse().unwrap())).unwrap_err();
    assert!(error.message.chars().count() < 150, "{error}");
}

#[test]
fn styles_have_a_place_of_their_own() {
    for (text, fits) in [
        ("FormatDateTime([a], \"b\", \"c\")", true),
        ("FormatDateTime([a], \"b\", \"c\", )", true),
        ("FormatDateTime([a], \"b\", \"c\", , )", true),
        ("FormatDateTime([a], , \"c\", \"d\")", true),
        ("FormatDateTime([a], \"b\", \"c\", \"d\")", true),
        ("FormatDateTime([a], \"b\", \"c\", \"d\", , )", true),
        ("FormatDateTime()", false),
        ("FormatDateTime([a])", false),
        ("FormatDateTime([a], \"b\")", false),
        ("FormatDateTime([a], , \"c\")", false),
        ("FormatDateTime([a], , , \"d\")", false),
        ("FormatDateTime([a], \"b\", , \"d\")", false),
        ("FormatDateTime(, \"b\", \"c\")", false),
        ("FormatDateTime([a], \"b\", \"c\", \"d\", \"e\")", false),
    ] {
        let parsed = Expression::parse(text);
        assert_eq!(parsed.is_ok(), fits, "{text}");
        assert!(fits || parsed.unwrap_err().code == Code::ArgCount, "{text}");
    }
}

#[test]
fn dates_are_compared_as_instants() {
    for (condition, holds) in [
        ("CDate(\"2021-01-02\") > CDate(\"2021-01-01+00:00\")", true),
        ("CDate(\"2021-01-02\") = \"2021-01-02T02:00+02:00\"", true),
        ("\"3/16/2012 7:00 AM\" = CDate([hired])", true),
        ("CDate(\"2021-10-01\") > CDate(\"2021-9-01\")", true),
        ("CDate(\"2021-01-02\") <> \"soon\"", true),
        ("CDate(\"2021-01-02\") = \"soon\"", false),
        ("CDate(\"2021-01-02\") < \"soon\"", false),
        ("CDate(\"2021-01-02\") <> 5", true),
        ("CDate(\"2021-01-02\") >= 5", false),
        ("CDate(\"2021-01-02\") <> [empty]", false),
        // A Boolean that meets no Boolean is text.
        ("IsNull([nothing]) > CDate(\"2021-01-02\")", true),
    ] {
        assert_eq!(value(condition), Value::Boolean(holds), "{condition}");
    }
}

#[test]
fn a_date_outlives_lists_and_branches() {
    assert_eq!(value("Coalesce([nothing], CDate(\"0001-01-01\"))"), Value::DateTime(DateTime::MIN));
    assert_eq!(text("Switch(CDate(\"2021-01-02\"), \"no\", \"1/2/2021 12:00:00 AM\", \"yes\")"), "yes");
    assert_eq!(text("IsPresent(Now())"), "True");
    assert_eq!(text("CDate(IIF(IsPresent([nothing]), [nothing], DateAdd(\"h\", 1, Now())))"), "7/30/2025 1:00:00 PM");
}
