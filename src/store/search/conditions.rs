//! What is typed as conditions of a statement, and which of them finds the fewest objects.

use super::super::StoreError;
use super::super::filter::{Filter, Term};
use super::{StoredState, TRIGRAM, phrase, short, table};
use crate::model::ObjectType;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};

/// Fields that a filter of users knows.
pub const USER_FIELDS: &[&str] = &["state", "department", "title", "name", "upn", "mail"];
/// Fields that a filter of groups knows.
pub const GROUP_FIELDS: &[&str] = &["state", "name", "mail"];

/// Objects of a condition that are sorted rather than walked past.
const FEW: usize = if cfg!(test) { 8 } else { 20_000 };

/// The fields of a filter.
pub fn fields(object_type: ObjectType) -> &'static [&'static str] {
    match object_type {
        ObjectType::User => USER_FIELDS,
        ObjectType::Group => GROUP_FIELDS,
    }
}

/// A condition that can also be looked up: ids or primary keys of the objects that may fulfil it.
pub(super) struct Driver {
    /// The column of the table that `rows` gives: `id` or `pk`.
    pub(super) column: &'static str,
    pub(super) rows: String,
}

/// The conditions of a list.
pub(super) struct Conditions {
    table: &'static str,
    /// Whether anything was typed that restricts.
    pub(super) restricted: bool,
    /// The condition with the fewest objects, if one has few.
    pub(super) driver: Option<Driver>,
    /// Whether the driver's objects are few enough to be sorted.
    pub(super) few: bool,
    /// All of them, joined by AND.
    pub(super) sql: String,
    /// What is bound to its parameters and to those of the driver, from `?1`.
    pub(super) values: Vec<Sql>,
}

impl Conditions {
    pub(super) fn of(c: &Connection, object_type: ObjectType, text: &str) -> Result<Self, StoreError> {
        let (table, _) = table(object_type);
        let mut made = Self {
            table,
            restricted: false,
            driver: None,
            few: false,
            sql: format!(
                "({table}.removed IS NOT 'deleted'
                 OR EXISTS (SELECT 1 FROM links WHERE object_type = ?1 AND source_id = {table}.id))"
            ),
            values: vec![object_type.as_str().to_owned().into()],
        };
        let filter = Filter::parse(text, fields(object_type));
        made.restricted = !filter.is_empty();
        let mut drivers = Vec::new();
        made.words(c, &filter, &mut drivers)?;
        for term in &filter.terms {
            match term.field {
                Some("state") => made.state(term, &mut drivers),
                Some(field) => made.field(field, term, &mut drivers),
                None if term.not => {
                    let at = made.bind(term.text.clone().into());
                    made.and(&format!("instr({table}.search, ?{at}) = 0"));
                }
                None => {}
            }
        }
        let mut fewest = usize::MAX;
        for driver in drivers {
            let sql = format!("SELECT count(*) FROM ({} LIMIT {})", driver.rows, FEW + 1);
            let mut statement = c.prepare_cached(&sql)?;
            let values = made.values.get(..statement.parameter_count()).unwrap_or(&made.values);
            let rows: usize = statement.query_row(params_from_iter(values), |row| row.get(0))?;
            if rows < fewest {
                fewest = rows;
                made.driver = Some(driver);
            }
        }
        made.few = made.driver.is_some() && fewest <= FEW;
        Ok(made)
    }

    fn bind(&mut self, value: Sql) -> usize {
        self.values.push(value);
        self.values.len()
    }

    fn and(&mut self, condition: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
    }

    fn full_text(&mut self, phrases: &str) -> Driver {
        let at = self.bind(phrases.to_owned().into());
        let table = self.table;
        Driver { column: "pk", rows: format!("SELECT rowid AS key FROM {table}_fts WHERE {table}_fts MATCH ?{at}") }
    }

    /// Plain words, each of which must occur. The long ones are looked up together; without any, the short ones one by
    /// one, as far as few enough entries of the index begin with them.
    fn words(&mut self, c: &Connection, filter: &Filter, drivers: &mut Vec<Driver>) -> Result<(), StoreError> {
        let plain = |term: &&Term| !term.not && term.field.is_none();
        let words: Vec<&str> = filter.terms.iter().filter(plain).map(|term| term.text.as_str()).collect();
        let table = self.table;
        let long: Vec<String> =
            words.iter().copied().filter(|word| word.chars().count() >= TRIGRAM).map(phrase).collect();
        if long.is_empty() {
            for word in &words {
                if let Some(phrases) = short::phrases(c, table, word)? {
                    let driver = self.begins(word, &phrases);
                    drivers.push(driver);
                }
            }
        } else {
            let driver = self.full_text(&long.join(" "));
            drivers.push(driver);
        }
        for word in words {
            let at = self.bind(word.to_owned().into());
            self.and(&format!("instr({table}.search, ?{at}) > 0"));
        }
        Ok(())
    }

    /// Objects whose text has a short word: somewhere before its last letters, or in these.
    fn begins(&mut self, word: &str, phrases: &str) -> Driver {
        let table = self.table;
        let at = self.bind(word.to_owned().into());
        let ends = format!(
            "SELECT pk AS key FROM {table} INDEXED BY {table}_end WHERE instr(substr(search, -{}), ?{at}) > 0",
            TRIGRAM - 1
        );
        if phrases.is_empty() {
            return Driver { column: "pk", rows: ends };
        }
        let full_text = self.full_text(phrases);
        Driver { column: "pk", rows: format!("{} UNION {ends}", full_text.rows) }
    }

    fn field(&mut self, field: &str, term: &Term, drivers: &mut Vec<Driver>) {
        let column = match field {
            "department" => "department_key",
            "title" => "title_key",
            "upn" => "upn_key",
            "mail" => "mail_key",
            _ => "name_key",
        };
        let table = self.table;
        // What the columns hold is part of the searched text, but for the id that stands in for a name.
        if !term.not && column != "name_key" && term.text.chars().count() >= TRIGRAM {
            let driver = self.full_text(&phrase(&term.text));
            drivers.push(driver);
        }
        let at = self.bind(term.text.clone().into());
        let is = if term.not { "= 0" } else { "> 0" };
        self.and(&format!("instr(coalesce({table}.{column}, ''), ?{at}) {is}"));
    }

    fn state(&mut self, term: &Term, drivers: &mut Vec<Driver>) {
        let named = StoredState::ALL.into_iter().filter(|state| state.as_str().starts_with(&term.text));
        let mut states: Vec<StoredState> = named.collect();
        let mut not = term.not;
        // Two of them are each other's opposite: what is not the one is found by the index of the other.
        if let (true, [only @ (StoredState::Linked | StoredState::Unlinked)]) = (not, states.as_slice()) {
            let other = if *only == StoredState::Linked { StoredState::Unlinked } else { StoredState::Linked };
            (states, not) = (vec![other], false);
        }
        // No state of that name: no, but as a value, since SQLite takes a query with a constant no apart until forced
        // indexes no longer fit.
        let no = self.bind(0.into());
        let (mut tests, mut rows) = (vec![format!("?{no}")], Vec::new());
        for state in states {
            tests.push(state.test().replace("{}", self.table));
            rows.push(state.ids().replace("{}", self.table));
        }
        self.and(&format!("{}({})", if not { "NOT " } else { "" }, tests.join(" OR ")));
        if !not && !rows.is_empty() {
            drivers.push(Driver { column: "id", rows: rows.join(" UNION ALL ") });
        }
    }
}
