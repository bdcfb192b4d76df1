//! No text makes the parser or the evaluator panic, hang or grow without bound; what parses prints and parses again.
//!
//! The first byte chooses the dialect, the rest up to a zero byte is the expression, and what follows is the value of
//! every attribute.

#![no_main]

use heeler::expression::{Context, Expression, Outcome, Profile, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((dialect, rest)) = data.split_first() else { return };
    let profile = [Profile::App, Profile::CloudSync, Profile::Connect][usize::from(*dialect % 3)];
    let text = String::from_utf8_lossy(rest);
    let (text, value) = text.split_once('\0').unwrap_or((&text, "x"));
    let Ok(expression) = Expression::parse_as(text, profile) else { return };
    let canonical = expression.canonical();
    let again = Expression::parse_as(&canonical, profile).expect("canonical text parses");
    assert_eq!(again.canonical(), canonical);
    let several = Value::List(vec![Value::text(value), Value::text("y")]);
    for attribute in [Value::Null, Value::text(value), several] {
        let source = |_: &str| attribute.clone();
        let context = Context::preview(jiff::Timestamp::UNIX_EPOCH);
        if let Ok(Outcome::Value(value)) = expression.evaluate(&source, &context) {
            let size: usize = value.to_texts().iter().map(String::len).sum();
            assert!(size <= 8 << 20, "{size} bytes");
        }
    }
});
