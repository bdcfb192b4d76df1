//! Paging through a collection, as real servers page (dialects 12).

use super::error::ScimError;
use super::{ScimClient, all};
use crate::http::{Method, Request, add_query};
use crate::model::ObjectType;
use serde_json::Value;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Page size we ask for.
pub(super) const PAGE: usize = 500;
/// No server caps its pages at fewer resources than this.
const SMALL: usize = 10;

/// A listing under way. Advances by what came, not by what was announced; ends on an empty page, on a page without
/// any new id, or on a short page once the announced total is reached.
#[derive(Debug)]
pub struct Lister {
    client: ScimClient,
    kind: ObjectType,
    pairs: Vec<(&'static str, String)>,
    count: Option<usize>,
    start: usize,
    seen: HashSet<u64>,
    /// Most resources that one page held.
    full: usize,
    total: Option<u64>,
    pages: u64,
    done: bool,
}

impl Lister {
    pub(super) fn start(
        client: ScimClient,
        kind: ObjectType,
        pairs: Vec<(&'static str, String)>,
        count: Option<usize>,
    ) -> Self {
        Self { client, kind, pairs, count, start: 1, seen: HashSet::new(), full: 0, total: None, pages: 0, done: false }
    }

    /// The next page: resources that were not on an earlier one. `None` after the last.
    ///
    /// # Errors
    /// [`ScimError::NotScim`] when a page is no list; else what the app said. A listing that failed is not complete.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Value>>, ScimError> {
        if self.done {
            return Ok(None);
        }
        let mut page = self.fetch().await;
        let unliked = |page: &Result<Vec<Value>, ScimError>| matches!(page, Err(error) if matches!(error.status(), Some(400 | 500 | 501)));
        // Some servers fail on `count`, some on `excludedAttributes`: ask once without the one, then without the other.
        if self.pages == 0 && self.count.is_some() && unliked(&page) {
            self.count = None;
            page = self.fetch().await;
        }
        if self.pages == 0 && unliked(&page) && self.pairs.iter().any(|(name, _)| *name == "excludedAttributes") {
            self.pairs.retain(|(name, _)| *name != "excludedAttributes");
            page = self.fetch().await;
        }
        let page = page?;
        self.pages += 1;
        let came = page.len();
        self.start += came;
        self.full = self.full.max(came);
        let fresh: Vec<Value> = page.into_iter().filter(|r| self.seen.insert(fingerprint(r))).collect();
        let have = self.seen.len() as u64;
        let more = match self.total {
            // While the app promises more, or promises nothing, a short page proves nothing.
            None => came > 0 && (self.count.is_some() || came >= SMALL),
            Some(total) if have < total => came > 0,
            // The total is reached. It may be the size of the page instead of that of the collection, so a page as
            // full as any before is followed by one more question.
            Some(_) => self.count.is_some() && came == self.full && came >= SMALL,
        };
        if fresh.is_empty() || !more {
            self.done = true;
        }
        if fresh.is_empty() {
            return Ok(if self.pages == 1 { Some(fresh) } else { None });
        }
        Ok(Some(fresh))
    }

    /// `totalResults` of the last page, if the app gave it. A claim, not a fact.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Pages read so far.
    pub fn pages(&self) -> u64 {
        self.pages
    }

    /// Resources on the largest page so far: what the app really gives per page.
    pub fn page_size(&self) -> usize {
        self.full
    }

    /// Whether the listing ended before the announced total: something was skipped, or the total is wrong.
    pub fn fell_short(&self) -> bool {
        self.done && self.total.is_some_and(|total| (self.seen.len() as u64) < total)
    }

    async fn fetch(&mut self) -> Result<Vec<Value>, ScimError> {
        let mut url = self.client.child(&[all(self.kind)])?;
        add_query(&mut url, self.pairs.iter().map(|(name, value)| (*name, value)));
        if self.count.is_some() || self.start > 1 {
            add_query(&mut url, [("startIndex", self.start.to_string())]);
        }
        if let Some(count) = self.count {
            add_query(&mut url, [("count", count.to_string())]);
        }
        let response = self.client.send(Request::new(Method::GET, url, all(self.kind))).await?;
        let mut body = self.client.object(&response)?;
        let not_a_list = || ScimError::NotScim {
            message: format!("{}: the answer is JSON, but not a SCIM list; check the tenant URL", response.place),
        };
        let list = body.as_object_mut().ok_or_else(not_a_list)?;
        let total = list.get("totalResults").and_then(number);
        let resources = list.remove("Resources").or_else(|| list.remove("resources"));
        let resources = match resources {
            Some(Value::Array(resources)) => resources,
            // RFC 7644 3.4.2: no `Resources` when nothing was found.
            None | Some(Value::Null) if total == Some(0) || (total.is_some() && self.pages > 0) => Vec::new(),
            _ => return Err(not_a_list()),
        };
        self.total = total.or(self.total);
        Ok(resources)
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str().and_then(|s| s.trim().parse().ok()))
}

/// Of the id; a resource without one counts as new as long as its content is.
fn fingerprint(resource: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    match resource.get("id") {
        Some(Value::String(id)) => id.hash(&mut hasher),
        _ => resource.to_string().hash(&mut hasher),
    }
    hasher.finish()
}
