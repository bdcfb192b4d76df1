//! View 3: the rules of users and groups, each with its value for one person; what the mapping may do, whom it finds
//! and whom it leaves out. Read-only.

mod blame;
mod detail;
mod draw;
mod sheet;
#[cfg(test)]
mod tests;
mod words;

pub use blame::Blame;
pub use sheet::{Given, Gives, Person, RuleRow, Scope, Sheet};

use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::command;
use crate::console::effect::Effect;
use crate::console::list::{List, Step};
use crate::console::page::choose::Choose;
use crate::console::page::{CopyItem, Export, Focus, Object, Page, PageId, Reason, menu};
use crate::console::query::{self, Sources};
use crate::console::shared::Shared;
use crate::engine;
use crate::model::ObjectType;
use crate::store::StoreError;
use crate::text::Shown;

/// What the view asks the store.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// The rules with their values.
    Sheet {
        /// Of users or of groups.
        object_type: ObjectType,
        /// For whom; else for the first who is linked.
        person: Option<Object>,
    },
    /// Recent failures by rule.
    Blames(ObjectType),
    /// The schema as JSON, for export.
    Schema,
}

impl Query {
    /// Of one slot only the newest query counts.
    pub fn slot(&self) -> u8 {
        match self {
            Self::Sheet { .. } => 0,
            Self::Blames(_) => 1,
            Self::Schema => 2,
        }
    }
}

/// What the store answers.
#[derive(Debug)]
pub enum Answer {
    /// The rules with their values.
    Sheet(Box<Sheet>),
    /// Recent failures by rule, of users or of groups.
    Blames(ObjectType, Vec<Blame>),
    /// The schema as JSON text; `None` if its file cannot be read any more.
    Schema(Option<String>),
}

/// Asks the store; runs on the reader thread.
///
/// # Errors
/// When it cannot be read.
pub fn run(query: &Query, sources: &Sources<'_>) -> Result<Answer, StoreError> {
    Ok(match query {
        Query::Sheet { object_type, person } => {
            Answer::Sheet(Box::new(sheet::read(sources, *object_type, person.as_ref())?))
        }
        Query::Blames(object_type) => Answer::Blames(*object_type, blame::read(sources, *object_type)?),
        Query::Schema => Answer::Schema(engine::schema_of(&sources.facts.config).ok().map(|(s, _)| s.to_json())),
    })
}

/// A row of the list: a rule, or something about the mapping as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    /// A rule, by its index.
    Rule(usize),
    /// What may be done.
    Actions,
    /// Whom it finds.
    Matching,
    /// Whom it leaves out.
    Scope,
}

/// The view.
pub struct Mapping {
    object_type: ObjectType,
    sheet: Option<Box<Sheet>>,
    blames: Vec<Blame>,
    rows: List<Row>,
    /// What the detail is about: follows the selection when it rests.
    detail: Row,
    zoom: bool,
    scroll: usize,
    /// The rule to select as soon as the rules are there, and whether it was looked for among the other kind already.
    wanted: Option<(String, bool)>,
    schema: Option<String>,
    trouble: Option<Shown>,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            object_type: ObjectType::User,
            sheet: None,
            blames: Vec::new(),
            rows: List::default(),
            detail: Row::Rule(0),
            zoom: false,
            scroll: 0,
            wanted: None,
            schema: None,
            trouble: None,
        }
    }
}

impl Mapping {
    fn ask(&self, shared: &Shared) -> Vec<Effect> {
        let person = shared.chosen.clone().filter(|c| c.object_type == self.object_type);
        let sheet = Query::Sheet { object_type: self.object_type, person };
        [sheet, Query::Blames(self.object_type)].map(|q| Effect::Query(query::Query::Mapping(q))).into()
    }

    /// The rules are there: rows, the rule that was asked for, the detail.
    fn take(&mut self, shared: &Shared, sheet: Box<Sheet>) -> Vec<Effect> {
        if let Some((wanted, again)) = self.wanted.take() {
            match sheet.rules.iter().position(|row| row.target.eq_ignore_ascii_case(&wanted)) {
                Some(at) => {
                    self.rows.selected = at;
                    self.detail = Row::Rule(at);
                }
                // A rule that users do not have may be one of groups.
                None if !again => {
                    self.wanted = Some((wanted, true));
                    return self.show(shared, other(self.object_type));
                }
                None => {}
            }
        }
        let rules = (0..sheet.rules.len()).map(Row::Rule);
        let rows: Vec<Row> = rules.chain([Row::Actions, Row::Matching, Row::Scope]).collect();
        let selected = self.rows.selected;
        self.rows.rows = rows;
        self.rows.selected = selected.min(self.rows.rows.len().saturating_sub(1));
        self.rows.top = self.rows.top_for(self.rows.height);
        if !self.rows.rows.contains(&self.detail) {
            self.detail = self.rows.current().copied().unwrap_or(Row::Actions);
        }
        self.sheet = Some(sheet);
        self.trouble = None;
        Vec::new()
    }

    /// Users or groups.
    fn show(&mut self, shared: &Shared, object_type: ObjectType) -> Vec<Effect> {
        if self.object_type != object_type {
            self.object_type = object_type;
            self.sheet = None;
            self.blames = Vec::new();
            self.rows = List { height: self.rows.height, ..List::default() };
            self.detail = Row::Rule(0);
            self.scroll = 0;
        }
        self.ask(shared)
    }

    fn rule(&self, row: Row) -> Option<&RuleRow> {
        match row {
            Row::Rule(index) => self.sheet.as_ref()?.rules.get(index),
            _ => None,
        }
    }

    fn selected(&self) -> Option<Row> {
        self.rows.current().copied()
    }

    /// Recent failures that are about a rule.
    fn blames_of<'a>(&'a self, target: &'a str) -> impl Iterator<Item = &'a Blame> {
        self.blames.iter().filter(move |blame| blame.target == target)
    }

    fn choose(object_type: ObjectType) -> Effect {
        let then =
            Box::new(|_: &mut Shared, object: Object| vec![Effect::Go(PageId::Mapping, Some(Focus::Object(object)))]);
        let kinds = &[ObjectType::User, ObjectType::Group];
        Effect::Open(Box::new(Choose::new("preview with", kinds, then).beginning_with(object_type)))
    }
}

impl Mapping {
    /// What can be copied of the selected row.
    fn copies_of_row(&self) -> Vec<CopyItem> {
        let Some(sheet) = &self.sheet else { return Vec::new() };
        let item = |what, text: String| CopyItem { what, text };
        match self.selected() {
            Some(Row::Rule(index)) => {
                let Some(rule) = sheet.rules.get(index) else { return Vec::new() };
                let value = rule.gives.raw();
                let mut items = Vec::new();
                if !rule.source.is_empty() {
                    items.push(item("expression", rule.source.clone()));
                }
                items.extend(value.clone().map(|value| item("value", value)));
                items.push(item("target path", rule.target.clone()));
                let row = [rule.target.clone(), rule.source.clone(), value.unwrap_or_default()];
                items.push(item("row", row.join("\t")));
                items
            }
            Some(Row::Actions) => vec![item("actions", sheet.may.join(", "))],
            Some(Row::Matching) => {
                let targets: Vec<&str> = sheet.matching.iter().map(|(target, _)| target.as_str()).collect();
                vec![item("matching attributes", targets.join(", "))]
            }
            Some(Row::Scope) => match &sheet.scope {
                Some(scope) => vec![item("scoping filter", detail::filter_text(&scope.verdict))],
                None => Vec::new(),
            },
            None => Vec::new(),
        }
    }
}

impl Page for Mapping {
    fn id(&self) -> PageId {
        PageId::Mapping
    }

    fn actions(&self) -> &'static [Action] {
        &[
            Action::Open,
            Action::ChoosePerson,
            Action::NextPane,
            Action::PreviousPane,
            Action::Zoom,
            Action::Refresh,
            Action::Down,
            Action::Up,
            Action::HalfDown,
            Action::HalfUp,
            Action::Top,
            Action::Bottom,
        ]
    }

    fn enabled(&self, _shared: &Shared, action: Action) -> Result<(), Reason> {
        match action {
            Action::Open | Action::Zoom if self.sheet.is_none() => Err("nothing is here yet"),
            _ => Ok(()),
        }
    }

    fn hints(&self, _shared: &Shared) -> Vec<(Action, &'static str)> {
        let other = match self.object_type {
            ObjectType::User => "groups",
            ObjectType::Group => "users",
        };
        let choose = match self.object_type {
            ObjectType::User => "choose preview user",
            ObjectType::Group => "choose preview group",
        };
        let failing = self.zoom && self.rule(self.detail).is_some_and(|r| self.blames_of(&r.target).next().is_some());
        let mut hints = Vec::new();
        if failing {
            hints.push((Action::Open, "failures in the log"));
        } else if !self.zoom {
            hints.push((Action::Open, "whole rule"));
        } else {
            hints.push((Action::Back, "rules"));
        }
        hints.push((Action::ChoosePerson, choose));
        hints.push((Action::NextPane, other));
        hints.push((Action::Copy, "copy"));
        hints.push((Action::Export, "export rules"));
        hints.push((Action::Provision, "provision"));
        hints
    }

    fn opened(&mut self, shared: &mut Shared) -> Vec<Effect> {
        if let Some(chosen) = &shared.chosen
            && self.sheet.is_none()
        {
            self.object_type = chosen.object_type;
        }
        let mut effects = self.ask(shared);
        effects.push(Effect::Query(query::Query::Mapping(Query::Schema)));
        effects
    }

    fn changed(&mut self, shared: &mut Shared) -> Vec<Effect> {
        self.ask(shared)
    }

    fn focus(&mut self, shared: &mut Shared, focus: Focus) -> Vec<Effect> {
        match focus {
            Focus::Rule(target) => {
                self.wanted = Some((target, false));
                let object_type = shared.chosen.as_ref().map_or(self.object_type, |c| c.object_type);
                self.show(shared, object_type)
            }
            Focus::Object(object) => {
                let object_type = object.object_type;
                shared.chosen = Some(object);
                self.show(shared, object_type)
            }
            _ => Vec::new(),
        }
    }

    fn act(&mut self, shared: &mut Shared, action: Action) -> Vec<Effect> {
        self.rows.height = draw::list_height(draw::body(shared));
        match action {
            Action::NextPane | Action::PreviousPane => {
                return self.show(shared, other(self.object_type));
            }
            Action::ChoosePerson => return vec![Self::choose(self.object_type)],
            Action::Refresh => return self.opened(shared),
            Action::Zoom => self.zoom = !self.zoom,
            Action::Open => {
                self.detail = self.selected().unwrap_or(self.detail);
                let cause = self
                    .rule(self.detail)
                    .filter(|_| self.zoom)
                    .and_then(|rule| self.blames_of(&rule.target).next())
                    .map(|blame| &blame.cause);
                if let Some(cause) = cause {
                    let focus = Focus::Cause { code: cause.code.clone(), reason: cause.reason.clone() };
                    return vec![Effect::Go(PageId::Log, Some(focus))];
                }
                self.zoom = true;
            }
            Action::HalfDown if self.zoom => {
                let last = draw::zoomed_lines(self, shared).saturating_sub(self.rows.height);
                self.scroll = (self.scroll + usize::from(draw::body(shared).1 / 2)).min(last);
                return Vec::new();
            }
            Action::HalfUp if self.zoom => {
                self.scroll = self.scroll.saturating_sub(usize::from(draw::body(shared).1 / 2));
                return Vec::new();
            }
            _ => {
                if let Some(step) = menu::step(action) {
                    self.go(step);
                }
                return Vec::new();
            }
        }
        self.scroll = 0;
        self.detail = self.selected().unwrap_or(self.detail);
        Vec::new()
    }

    fn back(&mut self, _shared: &mut Shared) -> Option<Vec<Effect>> {
        if !self.zoom {
            return None;
        }
        self.zoom = false;
        Some(Vec::new())
    }

    fn settled(&mut self, shared: &mut Shared) -> Vec<Effect> {
        self.rows.height = draw::list_height(draw::body(shared));
        if let Some(row) = self.selected().filter(|row| *row != self.detail) {
            self.detail = row;
            self.scroll = 0;
        }
        Vec::new()
    }

    fn answer(&mut self, shared: &mut Shared, answer: query::Answer) -> Vec<Effect> {
        let query::Answer::Mapping(answer) = answer else { return Vec::new() };
        match answer {
            Answer::Sheet(sheet) if sheet.object_type == self.object_type => {
                self.rows.height = draw::list_height(draw::body(shared));
                return self.take(shared, sheet);
            }
            Answer::Blames(object_type, blames) if object_type == self.object_type => self.blames = blames,
            Answer::Schema(schema) => self.schema = schema,
            // Of the kind that was left meanwhile.
            Answer::Sheet(_) | Answer::Blames(..) => {}
        }
        Vec::new()
    }

    fn failed(&mut self, _shared: &mut Shared, why: Shown) -> Vec<Effect> {
        self.trouble = Some(why);
        Vec::new()
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        draw::draw(self, shared, canvas);
    }

    fn object(&self) -> Option<Object> {
        self.sheet.as_ref()?.person.as_ref().map(|person| person.object.clone())
    }

    fn copies(&self, shared: &Shared) -> Vec<CopyItem> {
        let item = |what, text: String| CopyItem { what, text };
        let mut items = self.copies_of_row();
        items.extend(command::of_job(shared, &["mapping", "show"]).map(|command| item("command", command)));
        items
    }

    fn can_export(&self) -> bool {
        self.schema.is_some()
    }

    fn export(&self, _shared: &Shared) -> Option<Export> {
        let text = self.schema.clone()?;
        Some(Export { name: "rules", extension: "json", text })
    }
}

fn other(object_type: ObjectType) -> ObjectType {
    match object_type {
        ObjectType::User => ObjectType::Group,
        ObjectType::Group => ObjectType::User,
    }
}

impl Mapping {
    /// Moves the selection. The detail follows when it rests; zoomed there is nothing but the detail.
    fn go(&mut self, step: Step) {
        self.rows.go(step);
        if self.zoom {
            self.detail = self.selected().unwrap_or(self.detail);
            self.scroll = 0;
        }
    }
}
