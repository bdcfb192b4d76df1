//! Reading page after page: lists and delta rounds.

use super::client::GraphClient;
use super::error::GraphError;
use super::parse::{self, Odd, Page};
use crate::model::{GroupChange, UserChange};
use serde_json::Value;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use url::Url;

/// Pages in a row that bring nothing new before reading is given up. Empty pages are legal, endless ones are not.
const BARREN: u32 = 100;

/// Where a delta round begins.
#[derive(Clone, Debug)]
pub enum DeltaStart {
    /// Everything, with these properties tracked from now on.
    Full {
        /// Property names; for users add `manager`, for groups `members`.
        select: Vec<String>,
    },
    /// What changed since this delta link.
    Link(String),
}

/// Follows `@odata.nextLink` to the end, with guards against going round in circles.
#[derive(Debug)]
pub(super) struct Pager {
    client: GraphClient,
    what: &'static str,
    permission: &'static str,
    delta: bool,
    advanced: bool,
    next: Option<Url>,
    links: HashSet<u64>,
    entries: HashSet<u64>,
    barren: u32,
    pages: u64,
    end: Option<String>,
}

impl Pager {
    pub(super) fn new(client: GraphClient, what: &'static str, permission: &'static str, start: Url) -> Self {
        Self {
            client,
            what,
            permission,
            delta: false,
            advanced: false,
            next: Some(start),
            links: HashSet::new(),
            entries: HashSet::new(),
            barren: 0,
            pages: 0,
            end: None,
        }
    }

    /// Sends `ConsistencyLevel` on every page.
    pub(super) fn advanced(mut self) -> Self {
        self.advanced = true;
        self
    }

    fn delta(mut self) -> Self {
        self.delta = true;
        self
    }

    pub(super) fn pages(&self) -> u64 {
        self.pages
    }

    /// The entries of the next page; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Value>>, GraphError> {
        let Some(url) = self.next.take() else { return Ok(None) };
        let body = match self.client.get(url.clone(), self.what, self.permission, self.delta, self.advanced).await {
            Ok(body) => body,
            Err(error) => {
                // The token of a page is not used up by a failed call: the same page can be asked for again.
                self.next = Some(url);
                return Err(error);
            }
        };
        let place = || crate::http::Place::new("GET", &url).to_string();
        let Page { items, next, delta } =
            parse::page(body).map_err(|reason| GraphError::NotGraph { what: place(), reason })?;
        self.pages += 1;
        self.links.insert(hash(url.as_str()));
        let mut fresh = false;
        for item in &items {
            fresh |= self.entries.insert(hash(item));
        }
        self.barren = if fresh { 0 } else { self.barren + 1 };
        if let Some(link) = next {
            let link = Url::parse(&link)
                .map_err(|_| GraphError::NotGraph { what: place(), reason: "the link to the next page is no URL" })?;
            if self.links.contains(&hash(link.as_str())) || self.barren > BARREN {
                return Err(GraphError::Endless { what: place(), page: self.pages });
            }
            self.next = Some(link);
        } else if self.delta && delta.is_none() {
            return Err(GraphError::NotGraph { what: place(), reason: "the round ends without a delta link" });
        } else {
            self.end = delta;
        }
        Ok(Some(items))
    }

    /// All entries of all pages, or an error: never a part.
    pub(super) async fn all<T>(mut self, parse: impl Fn(Value) -> Result<T, Odd>) -> Result<(Vec<T>, u64), GraphError> {
        let mut all = Vec::new();
        while let Some(items) = self.next().await? {
            all.extend(self.parsed(items, &parse)?);
        }
        Ok((all, self.pages))
    }

    fn parsed<T>(&self, items: Vec<Value>, parse: impl Fn(Value) -> Result<T, Odd>) -> Result<Vec<T>, GraphError> {
        let parsed: Result<Vec<T>, Odd> = items.into_iter().map(parse).collect();
        parsed.map_err(|reason| GraphError::NotGraph { what: format!("GET {}", self.what), reason })
    }
}

fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A delta round under way. The delta link is good only after every page was processed.
#[derive(Debug)]
pub struct DeltaReader<T> {
    pager: Pager,
    parse: fn(Value) -> Result<T, Odd>,
}

impl<T> DeltaReader<T> {
    /// The entries of the next page; `None` after the last. After an error the same page can be asked for again.
    ///
    /// # Errors
    /// [`GraphError::Resync`] when the link is stale; [`GraphError::Endless`] when paging goes round in circles.
    pub async fn next_page(&mut self) -> Result<Option<Vec<T>>, GraphError> {
        match self.pager.next().await? {
            Some(items) => self.pager.parsed(items, self.parse).map(Some),
            None => Ok(None),
        }
    }

    /// Pages read so far.
    pub fn pages(&self) -> u64 {
        self.pager.pages()
    }

    /// Where the next round begins; known after the last page.
    pub fn delta_link(&self) -> Option<&str> {
        self.pager.end.as_deref()
    }
}

impl GraphClient {
    /// Reads users: everything, or what changed (graph 2.3). Select `manager` to follow managers.
    ///
    /// # Errors
    /// [`GraphError::Settings`] for a link that is no URL.
    pub fn users_delta(&self, start: DeltaStart) -> Result<DeltaReader<UserChange>, GraphError> {
        let pager = self.delta_pager("users/delta", "User.Read.All", start)?;
        Ok(DeltaReader { pager, parse: |value| parse::user(value, false) })
    }

    /// Reads groups with their direct members: everything, or what changed (graph 3).
    ///
    /// # Errors
    /// [`GraphError::Settings`] for a link that is no URL.
    pub fn groups_delta(&self, start: DeltaStart) -> Result<DeltaReader<GroupChange>, GraphError> {
        let pager = self.delta_pager("groups/delta", "GroupMember.Read.All", start)?;
        Ok(DeltaReader { pager, parse: parse::group })
    }

    fn delta_pager(
        &self,
        what: &'static str,
        permission: &'static str,
        start: DeltaStart,
    ) -> Result<Pager, GraphError> {
        let url = match start {
            DeltaStart::Full { select } => self.url(what.split('/'), &[("$select", &select.join(","))])?,
            DeltaStart::Link(link) => Url::parse(&link)
                .map_err(|_| GraphError::Settings("the stored delta link is no URL; a full round is needed".into()))?,
        };
        Ok(Pager::new(self.clone(), what, permission, url).delta())
    }
}
