//! An expression over everybody: which values there are, how often, and for whom it fails.

use super::Store;
use crate::cli::{CliError, Ctx, Exit, Outcome, caret, listing};
use crate::expression::{Expression, ExpressionError, Outcome as Evaluated};
use crate::mapping::{RuleSource, SourceObject};
use crate::store::mirror;
use crate::sync::scope::Standing;
use crate::sync::{cycle, project};
use crate::text::{Align, Table, out_json, out_line, pad_end, show, truncate};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, HashMap};

/// Lines of a list.
const LISTED: usize = 10;
/// People who are named for a value.
const NAMED: usize = 3;
/// Cells of the words on the left.
const LABEL: usize = 12;

/// What a value has: how many people, and who the first ones are.
#[derive(Default)]
struct Held {
    count: u64,
    people: Vec<String>,
}

impl Held {
    fn add(&mut self, who: &str) {
        self.count += 1;
        if self.people.len() < NAMED {
            self.people.push(who.to_owned());
        }
    }

    fn words(&self) -> String {
        let more = if self.count as usize > self.people.len() { ", …" } else { "" };
        format!("{}{more}", self.people.join(", "))
    }

    fn json(&self) -> Json {
        json!({ "count": self.count, "users": self.people })
    }
}

#[derive(Default)]
struct Distribution {
    people: u64,
    values: HashMap<String, Held>,
    /// Values that differ in nothing but letter case are one for an app.
    folded: HashMap<String, Held>,
    none: Held,
    empty: Held,
    left_out: Held,
    errors: BTreeMap<&'static str, Held>,
    first_error: Option<(String, ExpressionError)>,
    longest: Option<(usize, String, String)>,
}

impl Distribution {
    fn add(&mut self, who: &str, outcome: Result<Evaluated, ExpressionError>) {
        self.people += 1;
        let value = match outcome {
            Err(error) => {
                self.errors.entry(error.code.as_str()).or_default().add(who);
                self.first_error.get_or_insert_with(|| (who.to_owned(), error));
                return;
            }
            Ok(Evaluated::IgnoreFlow | Evaluated::IgnoreObject) => return self.left_out.add(who),
            Ok(Evaluated::Value(value)) if value.is_null() => return self.none.add(who),
            Ok(Evaluated::Value(value)) if value.is_empty() => return self.empty.add(who),
            Ok(Evaluated::Value(value)) => value,
        };
        let text = value.to_texts().join("; ");
        let length = text.encode_utf16().count();
        if self.longest.as_ref().is_none_or(|(longest, ..)| *longest < length) {
            self.longest = Some((length, text.clone(), who.to_owned()));
        }
        self.folded.entry(text.to_lowercase()).or_default().add(who);
        self.values.entry(text).or_default().add(who);
    }

    fn with_value(&self) -> u64 {
        self.values.values().map(|held| held.count).sum()
    }

    /// Most frequent first.
    fn top(of: &HashMap<String, Held>, least: u64) -> Vec<(&str, &Held)> {
        let mut all: Vec<_> =
            of.iter().filter(|(_, held)| held.count >= least).map(|(value, held)| (value.as_str(), held)).collect();
        all.sort_by(|a, b| b.1.count.cmp(&a.1.count).then_with(|| a.0.cmp(b.0)));
        all
    }
}

/// Evaluates for everybody in the store and prints what came out.
///
/// With `--json` one object: `expression`, `people`, `withValue`, `distinct`, `noValue`, `empty`, `leftOut`, `errors`
/// (by code), `longest`, `mostFrequent`, `shared` (values that two people or more have, letter case aside) and
/// `matching` (matching attributes that the expression fills).
pub(super) fn run(ctx: &Ctx, store: &Store, expression: &Expression) -> Outcome {
    let reader = store.access.store.reader()?;
    let entitlements = cycle::entitlements(&reader)?;
    let mut found = Distribution::default();
    let rules = &store.rules.users;
    mirror::for_each_user(&reader, |user| {
        if user.removed.is_some() {
            return Ok(());
        }
        let roles = cycle::roles_of(&entitlements, &user.id);
        let subject = project::user_subject(&user, &entitlements, &roles, rules, store.scope, None, &store.context);
        let source = SourceObject::user(&user).with_roles(&roles).with_soft_deleted(subject.standing != Standing::In);
        let who = user.text("userPrincipalName").unwrap_or_else(|| user.name());
        found.add(who, expression.evaluate(&source, &store.context));
        Ok(())
    })?;
    if found.people == 0 {
        return Err(
            CliError::new(Exit::Usage, "there is nobody in the store").advise(listing::first_run(&store.access))
        );
    }
    let canonical = expression.canonical();
    let same = |source: &RuleSource| match source {
        RuleSource::Direct(name) => expression.as_attribute() == Some(name),
        RuleSource::Expression(other) => other.canonical() == canonical,
        RuleSource::Constant(_) | RuleSource::None => false,
    };
    let matching: Vec<&str> = rules
        .matching()
        .iter()
        .map(|index| rules.rule(*index))
        .filter(|rule| same(&rule.source))
        .map(|rule| rule.target.as_str())
        .collect();
    if ctx.json {
        out_json(&found.json(expression, &matching))?;
    } else {
        found.print(expression, &matching)?;
    }
    Ok(if found.errors.is_empty() { Exit::Done } else { Exit::SomeFailed })
}

impl Distribution {
    fn json(&self, expression: &Expression, matching: &[&str]) -> Json {
        let list = |all: Vec<(&str, &Held)>| {
            all.into_iter()
                .map(|(value, held)| json!({ "value": value, "count": held.count, "users": held.people }))
                .collect::<Vec<_>>()
        };
        let errors: serde_json::Map<String, Json> =
            self.errors.iter().map(|(code, held)| ((*code).to_owned(), held.json())).collect();
        let longest =
            self.longest.as_ref().map(|(length, value, who)| json!({ "length": length, "value": value, "user": who }));
        let mut top = Self::top(&self.values, 1);
        top.truncate(100);
        json!({
            "expression": expression.text(),
            "people": self.people,
            "withValue": self.with_value(),
            "distinct": self.values.len(),
            "noValue": self.none.json(),
            "empty": self.empty.json(),
            "leftOut": self.left_out.json(),
            "errors": errors,
            "longest": longest,
            "mostFrequent": list(top),
            "shared": list(Self::top(&self.folded, 2)),
            "matching": matching,
        })
    }

    fn print(&self, expression: &Expression, matching: &[&str]) -> Result<(), CliError> {
        let line =
            |label: &str, text: String| listing::wrapped(&format!("  {}{text}", pad_end(label, LABEL)), LABEL + 2);
        let count = |held: &Held| match held.count {
            0 => "0".to_owned(),
            n => format!("{n}  {}", held.words()),
        };
        listing::wrapped(expression.text(), 2)?;
        out_line(&show(""))?;
        line("people", self.people.to_string())?;
        line("with value", format!("{}  {} distinct", self.with_value(), self.values.len()))?;
        line("no value", count(&self.none))?;
        line("empty", count(&self.empty))?;
        if self.left_out.count > 0 {
            line("left out", count(&self.left_out))?;
        }
        if self.errors.is_empty() {
            line("errors", "0".to_owned())?;
        }
        for (code, held) in &self.errors {
            line("errors", format!("{}  {code}  {}", held.count, held.words()))?;
        }
        if let Some((length, value, who)) = &self.longest {
            line("longest", format!("{length} characters  \"{}\"  {who}", truncate(value, 60)))?;
        }
        let shared = Self::top(&self.folded, 2);
        let collide = match (matching, shared.len()) {
            (_, 0) => "nobody shares a value".to_owned(),
            ([], n) => format!("{}: as a matching attribute they would find several people", values_shared(n)),
            (targets, n) => format!("✗ {}, and {} is a matching attribute", values_shared(n), targets.join(", ")),
        };
        line("collisions", collide)?;
        let top = Self::top(&self.values, 1);
        let repeated = top.first().is_some_and(|(_, held)| held.count > 1);
        list(if repeated { "Most frequent" } else { "Values" }, &top)?;
        if !matching.is_empty() {
            list("Shared", &shared)?;
        }
        if let Some((who, error)) = &self.first_error {
            out_line(&show(""))?;
            let picture = caret::picture(expression.text(), error, Some(who));
            for text in format!("error: {picture}").lines() {
                out_line(&show(text))?;
            }
        }
        Ok(())
    }
}

fn values_shared(n: usize) -> String {
    if n == 1 { "1 value is shared".to_owned() } else { format!("{n} values are shared") }
}

fn list(heading: &str, values: &[(&str, &Held)]) -> Result<(), CliError> {
    if values.is_empty() {
        return Ok(());
    }
    out_line(&show(""))?;
    out_line(&show(heading))?;
    let mut table =
        Table::new().column("", Align::Right, 0).kept().column("", Align::Left, 60).column("", Align::Left, 60);
    for (value, held) in values.iter().take(LISTED) {
        table.row([&held.count.to_string(), &format!("\"{value}\""), &held.words()]);
    }
    for line in table.lines_within(listing::cells_behind(2)) {
        out_line(&show(&format!("  {line}")))?;
    }
    match values.len().saturating_sub(LISTED) {
        0 => Ok(()),
        more => Ok(out_line(&show(&format!("  and {more} more")))?),
    }
}
