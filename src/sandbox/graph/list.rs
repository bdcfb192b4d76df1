//! Lists: filtering, searching, ordering and paging, the same way for every collection.

use super::answer::{Answer, GraphError};
use super::filter::{self, Filter};
use super::query::{open, seal};
use super::{Call, Desk, rules, shape};
use crate::sandbox::directory::{Directory, Entry, Kind};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// What a skip token remembers: the last object of the page before.
#[derive(Serialize, Deserialize)]
struct Place {
    path: String,
    key: String,
    id: Uuid,
    advanced: bool,
    epoch: u64,
}

/// 400 for a page token that is not valid, or no longer.
pub fn expired_page() -> GraphError {
    GraphError::new(
        StatusCode::BAD_REQUEST,
        "Directory_ExpiredPageToken",
        "The specified page token value has expired and can no longer be included in your request.",
    )
}

/// `$expand=manager($select=…)`: the selection for the manager; the outer option says whether it is asked for.
pub fn expand_manager(call: &Call) -> Result<Option<Option<Vec<String>>>, GraphError> {
    let Some(text) = call.query.get("expand") else { return Ok(None) };
    let text = text.trim();
    let Some(rest) = text.strip_prefix("manager") else {
        return Err(GraphError::bad(format!(
            "Parsing OData Select and Expand failed: '{text}' cannot be expanded here."
        )));
    };
    let inner = rest.trim_start_matches('(').trim_end_matches(')');
    let select = inner.split(';').find_map(|part| part.trim().trim_start_matches('$').strip_prefix("select="));
    let names = select.map(|list| list.split(',').map(|name| name.trim().to_owned()).collect());
    Ok(Some(shape::selection(Kind::User, names)?))
}

/// Adds the expanded manager to an object.
pub fn put_manager(directory: &Directory, entry: &Entry, select: Option<&[String]>, map: &mut Map<String, Value>) {
    if let Some((id, manager)) = entry.manager.and_then(|id| directory.users.get(&id).map(|m| (id, m))) {
        map.insert("manager".into(), shape::directory_object(Kind::User, id, manager, select));
    }
}

/// One term or a combination of terms of `$search`.
enum Search {
    Term(String, String),
    All(Vec<Search>),
    Any(Vec<Search>),
}

impl Search {
    fn parse(text: &str) -> Result<Self, GraphError> {
        let any = split(text, " OR ").into_iter().map(|part| {
            let all = split(part, " AND ").into_iter().map(|term| {
                let inner = term.trim().strip_prefix('"').and_then(|t| t.strip_suffix('"'));
                let (name, value) = inner.and_then(|t| t.split_once(':')).ok_or_else(|| {
                    GraphError::bad("Unrecognized query argument specified: '$search'. Write it as \"property:value\".")
                })?;
                Ok(Self::Term(name.trim().to_owned(), value.trim().to_lowercase()))
            });
            Ok(Self::All(all.collect::<Result<_, GraphError>>()?))
        });
        Ok(Self::Any(any.collect::<Result<_, GraphError>>()?))
    }

    fn fits(&self, entry: &Entry) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.fits(entry)),
            Self::Any(parts) => parts.iter().any(|part| part.fits(entry)),
            Self::Term(name, value) => {
                let Some(text) = entry.text(name).map(str::to_lowercase) else { return false };
                // Names are searched word by word, everything else from its start.
                let words = matches!(name.as_str(), "displayName" | "description");
                text.starts_with(value)
                    || words && text.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with(value.as_str()))
            }
        }
    }
}

/// Splits outside quotes.
fn split<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        quoted ^= c == '"';
        if !quoted && text.get(at..).is_some_and(|rest| rest.starts_with(separator)) && at >= start {
            parts.extend(text.get(start..at));
            start = at + separator.len();
        }
    }
    parts.extend(text.get(start..));
    parts
}

/// How a list is asked for.
pub struct Listing {
    filter: Option<Filter>,
    search: Option<Search>,
    order: Option<(String, bool)>,
    /// `$select`, checked.
    pub select: Option<Vec<String>>,
    top: usize,
    counts: bool,
}

impl Listing {
    /// Reads the options and applies the rules for advanced queries.
    pub fn read(call: &Call, kind: Kind) -> Result<Self, GraphError> {
        Self::checked(call, kind).map_err(|error| {
            // A later page without the header of the first one: the service calls that an expired token.
            let later = call.query.get("skiptoken").is_some() && !call.query.eventual;
            if later && error.code == "Request_UnsupportedQuery" { expired_page() } else { error }
        })
    }

    fn checked(call: &Call, kind: Kind) -> Result<Self, GraphError> {
        let query = &call.query;
        if query.get("skip").is_some() {
            return Err(GraphError::bad("'$skip' is not supported by the service."));
        }
        let advanced = query.advanced();
        let filter = query.get("filter").map(filter::parse).transpose()?;
        if let Some(filter) = &filter {
            rules::check(kind, filter, advanced)?;
        }
        let search = query.get("search").map(Search::parse).transpose()?;
        if search.is_some() && !query.eventual {
            return Err(GraphError::unsupported(
                "Request with $search query parameter only works through MSGraph with a special request header: \
                 'ConsistencyLevel: eventual'",
            ));
        }
        let order = query.get("orderby").map(|text| {
            let (name, direction) = text.trim().split_once(' ').unwrap_or((text.trim(), "asc"));
            (name.to_owned(), direction.trim().eq_ignore_ascii_case("desc"))
        });
        if let Some((name, _)) = &order {
            let plain = matches!((kind, name.as_str()), (_, "displayName") | (Kind::User, "userPrincipalName"));
            if !plain && !["createdDateTime", "deletedDateTime"].contains(&name.as_str()) {
                return Err(GraphError::unsupported(format!("Sorting by property '{name}' is not supported.")));
            }
            if !advanced && (!plain || filter.is_some()) {
                return Err(GraphError::unsupported("Sorting not supported for current query."));
            }
        }
        if advanced && query.get("expand").is_some() && (filter.is_some() || search.is_some()) {
            return Err(GraphError::unsupported("$expand is not supported together with advanced query parameters."));
        }
        Ok(Self {
            filter,
            search,
            order,
            select: shape::selection(kind, query.select())?,
            top: query.top()?,
            counts: advanced || (query.eventual && query.counts()),
        })
    }

    fn fits(&self, id: Uuid, entry: &Entry) -> bool {
        let found = self.search.as_ref().is_none_or(|search| search.fits(entry));
        found
            && self.filter.as_ref().is_none_or(|filter| match filter {
                Filter::Compare(path, filter::Operator::Eq, Value::String(text)) if path == "id" => {
                    id.to_string().eq_ignore_ascii_case(text)
                }
                filter => {
                    let mut map = entry.properties.clone();
                    map.insert("id".into(), json!(id));
                    filter.fits(&map)
                }
            })
    }

    fn key(&self, entry: &Entry) -> String {
        self.order.as_ref().and_then(|(name, _)| entry.text(name)).unwrap_or_default().to_lowercase()
    }

    /// A page of the objects. They must come in the order of their ids.
    pub fn page<'a>(
        &self,
        desk: &Desk<'_>,
        call: &Call,
        set: &str,
        objects: impl Iterator<Item = (Uuid, &'a Entry)>,
        mut show: impl FnMut(Uuid, &'a Entry) -> Value,
    ) -> Result<Answer, GraphError> {
        let place: Option<Place> = match call.query.get("skiptoken") {
            None => None,
            Some(token) => {
                let place: Place = open(desk.key, token).ok_or_else(expired_page)?;
                let same = place.path == call.path && place.epoch == desk.directory.epoch;
                // A page asked for without the header of the first one is refused, as the service does.
                if !same || place.advanced && !call.query.eventual {
                    return Err(expired_page());
                }
                Some(place)
            }
        };
        let descending = self.order.as_ref().is_some_and(|(_, descending)| *descending);
        let after = |key: &str, id: Uuid| match &place {
            None => true,
            Some(place) if descending => (key, id) < (place.key.as_str(), place.id),
            Some(place) => (key, id) > (place.key.as_str(), place.id),
        };
        let mut count = 0;
        let first = place.is_none();
        let mut found: Vec<(String, Uuid, &Entry)> = Vec::new();
        let whole = self.order.is_some() || (self.counts && first);
        for (id, entry) in objects {
            if !whole && !after("", id) || !self.fits(id, entry) {
                continue;
            }
            count += 1;
            let key = self.key(entry);
            if after(&key, id) && (self.order.is_some() || found.len() <= self.top) {
                found.push((key, id, entry));
            }
            if !whole && found.len() > self.top {
                break;
            }
        }
        if self.order.is_some() {
            found.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
            if descending {
                found.reverse();
            }
        }
        let more = found.len() > self.top;
        found.truncate(self.top);
        let mut body = Map::new();
        let context = shape::context(set, self.select.as_deref());
        body.insert("@odata.context".into(), json!(format!("{}/v1.0/$metadata#{context}", desk.origin)));
        if self.counts && first {
            body.insert("@odata.count".into(), json!(count));
        }
        if let (true, Some((key, id, _))) = (more, found.last()) {
            let place = Place {
                path: call.path.clone(),
                key: key.clone(),
                id: *id,
                advanced: call.query.eventual,
                epoch: desk.directory.epoch,
            };
            let token = seal(desk.key, &place)?;
            let link = format!("{}/v1.0{}?{}", desk.origin, call.path, call.query.link(&token));
            body.insert("@odata.nextLink".into(), json!(link));
        }
        let value: Vec<Value> = found.into_iter().map(|(_, id, entry)| show(id, entry)).collect();
        body.insert("value".into(), json!(value));
        Ok(Answer::json(Value::Object(body)))
    }

    /// `…/$count`: the number as plain text; needs the header.
    pub fn count<'a>(
        &self,
        call: &Call,
        objects: impl Iterator<Item = (Uuid, &'a Entry)>,
    ) -> Result<Answer, GraphError> {
        if !call.query.eventual {
            return Err(GraphError::bad("$count is not currently supported."));
        }
        Ok(Answer::text(objects.filter(|(id, entry)| self.fits(*id, entry)).count().to_string()))
    }
}
