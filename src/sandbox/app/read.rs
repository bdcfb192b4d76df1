//! Showing resources: by id, by listing, by search.

use super::State;
use super::answer::Answer;
use super::members::Members;
use super::select::Selection;
use super::store::{Kind, Record, Store, View};
use crate::scim::error::{ScimError, ScimType};
use crate::scim::eval;
use crate::scim::filter::Filter;
use crate::scim::path::AttrPath;
use crate::scim::schema::{ENTERPRISE_URN, Schemas};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Most resources in one answer; announced as `filter.maxResults`.
pub const PAGE_CAP: usize = 200;

const LIST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const SEARCH_URN: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

pub(super) fn schemas(kind: Kind) -> &'static Schemas {
    match kind {
        Kind::User => Schemas::user(),
        Kind::Group => Schemas::group(),
    }
}

/// What a listing asks for.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) selection: Selection,
    filter: Option<Filter>,
    /// One-based.
    start: usize,
    count: usize,
}

impl Query {
    /// From the query of a URL.
    pub(super) fn from_url(query: &str) -> Result<Self, ScimError> {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let get =
            |name: &str| pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
        let number = |name: &str| match get(name) {
            None | Some("") => Ok(None),
            Some(text) => text.parse::<i64>().map(Some).map_err(|_| {
                ScimError::of(ScimType::InvalidValue, format!("`{name}` must be a whole number, not `{text}`."))
            }),
        };
        let include = get("attributes").filter(|text| !text.is_empty()).map(|text| text.split(','));
        let exclude = get("excludedAttributes").unwrap_or_default().split(',');
        Self::of(Selection::new(include, exclude), get("filter"), number("startIndex")?, number("count")?)
    }

    /// From the body of a `.search` request (RFC 7644 section 3.4.3).
    pub(super) fn from_search(body: &Value) -> Result<Self, ScimError> {
        let syntax = |detail: &str| ScimError::of(ScimType::InvalidSyntax, detail);
        let listed =
            body.get("schemas").and_then(Value::as_array).is_some_and(|list| list.contains(&json!(SEARCH_URN)));
        if !listed {
            return Err(syntax(&format!("`schemas` must be a list that contains {SEARCH_URN}.")));
        }
        let names = |key: &str| -> Result<Option<Vec<&str>>, ScimError> {
            match body.get(key) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::Array(list)) => Ok(Some(list.iter().filter_map(Value::as_str).collect())),
                Some(Value::String(text)) => Ok(Some(text.split(',').collect())),
                Some(_) => Err(syntax(&format!("`{key}` must be a list of names."))),
            }
        };
        let number = |key: &str| match body.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| syntax(&format!("`{key}` must be a whole number."))),
        };
        let filter = match body.get("filter") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.as_str()),
            Some(_) => return Err(syntax("`filter` must be a string.")),
        };
        let include = names("attributes")?.filter(|list| !list.is_empty());
        let exclude = names("excludedAttributes")?.unwrap_or_default();
        let selection = Selection::new(include.map(Vec::into_iter), exclude.into_iter());
        Self::of(selection, filter, number("startIndex")?, number("count")?)
    }

    fn of(
        selection: Selection,
        filter: Option<&str>,
        start: Option<i64>,
        count: Option<i64>,
    ) -> Result<Self, ScimError> {
        let filter = match filter {
            None => None,
            Some(text) => Some(Filter::parse_lenient(text).map_err(|error| {
                ScimError::of(ScimType::InvalidFilter, format!("The filter cannot be read: {error}."))
            })?),
        };
        // RFC 7644 section 3.4.2.4: less than one means one, a negative count means none.
        let start = usize::try_from(start.unwrap_or(1)).unwrap_or(1).max(1);
        let count = count.map_or(PAGE_CAP, |count| usize::try_from(count).unwrap_or(0)).min(PAGE_CAP);
        Ok(Self { selection, filter, start, count })
    }
}

impl State {
    fn stale(&self) -> Duration {
        Duration::from_millis(self.faults.stale_reads_ms)
    }

    /// One resource, as reads see it.
    pub(super) fn find(&self, kind: Kind, id: &str) -> Result<Arc<Record>, ScimError> {
        self.store.view(kind, self.stale()).by_id(id).cloned().ok_or_else(|| not_found(kind, id))
    }

    /// A page of the resources of these kinds.
    pub(super) fn list(&self, kinds: &[Kind], query: &Query, base: &str) -> Result<Answer, ScimError> {
        let show = Show { store: &self.store, base };
        let mut resources = Vec::new();
        let mut total = 0;
        let last = query.start - 1 + query.count;
        for &kind in kinds {
            let view = self.store.view(kind, self.stale());
            let skip = (query.start - 1).saturating_sub(total);
            let room = last.saturating_sub(total.max(query.start - 1));
            match &query.filter {
                None => {
                    let page = view.iter().skip(skip).take(room);
                    resources.extend(page.map(|record| show.resource(kind, record, &query.selection)));
                    total += view.len();
                }
                Some(filter) => {
                    eval::check(filter, schemas(kind))
                        .map_err(|error| ScimError::of(ScimType::InvalidFilter, format!("{}.", error.message)))?;
                    let found = show.matching(kind, &view, filter);
                    let page = found.iter().skip(skip).take(room);
                    resources.extend(page.map(|record| show.resource(kind, record, &query.selection)));
                    total += found.len();
                }
            }
        }
        Ok(Answer::json(200, list_response(&resources, total, query.start)))
    }
}

/// A list message.
pub(super) fn list_response(resources: &[Value], total: usize, start: usize) -> Value {
    json!({"schemas": [LIST_URN], "totalResults": total, "startIndex": start, "itemsPerPage": resources.len(),
        "Resources": resources})
}

pub(super) fn not_found(kind: Kind, id: &str) -> ScimError {
    ScimError::new(404, format!("{} `{id}` does not exist.", kind.name()))
}

/// Makes resources out of records.
pub(super) struct Show<'a> {
    pub(super) store: &'a Store,
    pub(super) base: &'a str,
}

impl Show<'_> {
    pub(super) fn location(&self, kind: Kind, id: &str) -> String {
        format!("{}{}/{id}", self.base, kind.endpoint())
    }

    /// The resource as a client sees it.
    pub(super) fn resource(&self, kind: Kind, record: &Record, selection: &Selection) -> Value {
        let mut out = Map::new();
        let mut urns = vec![schemas(kind).core_urn()];
        let attributes = record.attributes.as_object();
        urns.extend(attributes.into_iter().flat_map(Map::keys).map(String::as_str).filter(|key| key.contains(':')));
        out.insert("schemas".into(), json!(urns));
        out.insert("id".into(), record.id.as_str().into());
        for (key, value) in attributes.into_iter().flatten() {
            if key.contains(':') || selection.wants(key) {
                out.insert(key.clone(), value.clone());
            }
        }
        if let Some(manager) = out.get_mut(ENTERPRISE_URN).and_then(|e| e.get_mut("manager")) {
            self.manager(manager);
        }
        match kind {
            Kind::User if selection.wants("groups") => {
                let groups: Vec<Value> = self
                    .store
                    .groups_of(&record.id)
                    .map(|group| {
                        json!({"value": group.id, "$ref": self.location(Kind::Group, &group.id),
                            "display": group.text("displayName"), "type": "direct"})
                    })
                    .collect();
                if !groups.is_empty() {
                    out.insert("groups".into(), Value::Array(groups));
                }
            }
            Kind::Group if selection.wants("members") && record.members.len() > 0 => {
                out.insert("members".into(), self.members(&record.members));
            }
            _ => {}
        }
        if selection.wants("meta") {
            let meta = json!({"resourceType": kind.name(), "created": record.created.to_string(),
                "lastModified": record.modified.to_string(), "location": self.location(kind, &record.id),
                "version": record.etag()});
            out.insert("meta".into(), meta);
        }
        Value::Object(selection.apply(out))
    }

    fn manager(&self, manager: &mut Value) {
        let Some(map) = manager.as_object_mut() else { return };
        let Some(id) = map.get("value").and_then(Value::as_str).map(str::to_owned) else { return };
        if let Some(user) = self.store.users.by_id(&id) {
            map.insert("$ref".into(), self.location(Kind::User, &id).into());
            if let Some(name) = user.text("displayName") {
                map.insert("displayName".into(), name.into());
            }
        }
    }

    /// Members as elements of the attribute.
    pub(super) fn members(&self, members: &Members) -> Value {
        Value::Array(members.iter().map(|id| self.member(id)).collect())
    }

    pub(super) fn member(&self, id: &str) -> Value {
        let Some((kind, record)) = self.store.member(id) else { return json!({"value": id}) };
        let mut map = Map::new();
        map.insert("value".into(), id.into());
        map.insert("$ref".into(), self.location(kind, id).into());
        if let Some(name) = record.text("displayName") {
            map.insert("display".into(), name.into());
        }
        map.insert("type".into(), kind.name().into());
        Value::Object(map)
    }

    /// The resources that fit, through an index where the filter pins an indexed attribute.
    fn matching<'v>(&self, kind: Kind, view: &'v View<'_>, filter: &Filter) -> Vec<&'v Arc<Record>> {
        let table = self.store.table(kind);
        let candidates: Vec<&Arc<Record>> = if let Some(id) = filter.pinned(&AttrPath::of("id")) {
            view.by_id(id).into_iter().collect()
        } else if let Some(name) = filter.pinned(&AttrPath::of(kind.name_attribute())) {
            view.candidates(table.by_name(name))
        } else if let Some(external) = filter.pinned(&AttrPath::of("externalId")) {
            view.candidates(table.by_external(external))
        } else {
            view.iter().collect()
        };
        // What follows from other records is made only for filters that look at it.
        let made = ["id", "schemas", "meta", "groups", "members", "manager"];
        let whole = made.iter().any(|name| filter.mentions(name));
        let everything = Selection::default();
        let fits = |record: &Record| {
            if whole {
                eval::matches(filter, &self.resource(kind, record, &everything), schemas(kind))
            } else {
                eval::matches(filter, &record.attributes, schemas(kind))
            }
        };
        candidates.into_iter().filter(|record| fits(record)).collect()
    }
}
