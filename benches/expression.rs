//! `cargo bench --bench expression`: how fast expressions are evaluated, on one core.
//!
//! Each expression is measured beside the same value made by plain code, in turn in one run, so that the ratio holds
//! on any machine. A mapping is parsed once and evaluated for everybody; what parsing each time would cost is shown.
//!
//! - `HEELER_BENCH_ROUNDS` (7): rounds; the fastest one counts
//! - `HEELER_BENCH_EVALUATIONS` (200000): evaluations per round

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_macros)]

use heeler::expression::{Context, Expression};
use heeler::mapping::{Preset, RuleSource, Schema, SourceObject};
use heeler::model::{DirectoryUser, ObjectType};
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::Instant;

fn main() {
    // Anything but `cargo bench` only wants to know that this builds.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let user = person();
    let source = SourceObject::user(&user).with_soft_deleted(false);
    let context = Context::preview("2026-11-30T08:00:00Z".parse().unwrap());
    println!("largest expression of the preset flock");
    let largest = largest(Preset::Flock);
    measure(&largest, &source, &context, by_hand(&largest));
    println!("\nothers");
    for (text, hand) in others() {
        measure(&Expression::parse(text).unwrap(), &source, &context, hand);
    }
}

type Hand = fn(&DirectoryUser) -> String;

/// The expression with the longest text.
fn largest(preset: Preset) -> Expression {
    let schema = Schema::preset(preset).unwrap();
    let compiled = schema.compile(ObjectType::User).unwrap().unwrap();
    let expressions = compiled.rules.into_iter().filter_map(|rule| match rule.source {
        RuleSource::Expression(expression) => Some(expression),
        _ => None,
    });
    expressions.max_by_key(|expression| expression.text().len()).expect("an expression")
}

/// The same as plain code; for another largest expression than was known, what every one costs at least: one text.
fn by_hand(expression: &Expression) -> Hand {
    match expression.function() {
        Some("Switch") => |user| if user.enabled() { "True".to_owned() } else { "False".to_owned() },
        _ => names,
    }
}

fn names(user: &DirectoryUser) -> String {
    format!("{} {}", user.text("givenName").unwrap_or_default(), user.text("surname").unwrap_or_default())
}

fn others() -> [(&'static str, Hand); 4] {
    [
        (r#"Join(" ", [givenName], [surname])"#, names),
        (r#"ToLower(Replace([userPrincipalName], "@contoso.com", , , "@fabrikam.com", , ))"#, |user| {
            user.text("userPrincipalName").unwrap_or_default().replace("@contoso.com", "@fabrikam.com").to_lowercase()
        }),
        (r#"Replace([userPrincipalName], , "^(?<alias>[^@]+)@.*$", , "${alias}", , )"#, |user| {
            user.text("userPrincipalName").unwrap_or_default().split('@').next().unwrap_or_default().to_owned()
        }),
        (r#"FormatDateTime([employeeHireDate], , "yyyy-MM-ddTHH:mm:ssZ", "dd MMM yyyy")"#, |user| {
            let at: jiff::Timestamp = user.text("employeeHireDate").unwrap_or_default().parse().unwrap();
            at.strftime("%d %b %Y").to_string()
        }),
    ]
}

fn person() -> DirectoryUser {
    let properties = json!({
        "givenName": "Małgorzata", "surname": "Brzęczyszczykiewicz", "displayName": "Małgorzata Brzęczyszczykiewicz",
        "userPrincipalName": "malgorzata.brzeczyszczykiewicz@contoso.com", "accountEnabled": true,
        "mail": "malgorzata.brzeczyszczykiewicz@contoso.com", "department": "Operations", "jobTitle": "Dispatcher",
        "employeeHireDate": "2024-02-29T08:00:00Z", "mailNickname": "malgorzata.brzeczyszczykiewicz",
    });
    let Value::Object(properties) = properties else { unreachable!() };
    DirectoryUser { id: "10000000-0000-0000-0000-000000000001".into(), properties, manager: None, removed: None }
}

fn number(name: &str, default: u32) -> u32 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Nanoseconds of one, in the fastest round of each.
fn measure(expression: &Expression, source: &SourceObject<'_>, context: &Context, hand: Hand) {
    let (rounds, evaluations) = (number("HEELER_BENCH_ROUNDS", 7), number("HEELER_BENCH_EVALUATIONS", 200_000));
    let user = person();
    let mut best = [f64::INFINITY; 3];
    for _ in 0..rounds {
        let times = [
            time(evaluations, || drop(black_box(expression.evaluate(black_box(source), context)))),
            time(evaluations, || drop(black_box(hand(black_box(&user))))),
            time(evaluations / 10, || {
                drop(black_box(Expression::parse(black_box(expression.text())).map(|e| e.evaluate(source, context))));
            }),
        ];
        for (best, time) in best.iter_mut().zip(times) {
            *best = best.min(time);
        }
    }
    let [ours, plain, parsed] = best;
    println!("  {}", expression.text());
    println!(
        "    {:>10.0} evaluations/s   {ours:>6.0} ns   {:>5.1} × plain code   parsing each time {:>5.1} ×",
        1e9 / ours,
        ours / plain,
        parsed / ours
    );
}

fn time(times: u32, mut run: impl FnMut()) -> f64 {
    let began = Instant::now();
    for _ in 0..times {
        run();
    }
    began.elapsed().as_secs_f64() * 1e9 / f64::from(times)
}
