//! The counters of `{control}/requests`, and of the counting proxy.

use serde_json::Value;

/// Requests by service, method and path pattern.
#[derive(Clone, Debug, Default)]
pub struct Requests(pub Vec<Row>);

/// One counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `graph`, `token` or `scim`.
    pub service: String,
    /// `GET`, `POST`, …
    pub method: String,
    /// Path with ids replaced by `{id}`.
    pub path: String,
    pub count: u64,
}

impl Requests {
    /// Reads the answer of the control endpoint: `{"scim": {"total": 3, "GET /Users": 2, …}, …}`.
    pub fn parse(value: &Value) -> Self {
        let services = value.as_object().unwrap_or_else(|| panic!("no counters in {value}"));
        let mut rows = Vec::new();
        for (service, counters) in services {
            for (name, count) in counters.as_object().unwrap_or_else(|| panic!("no counters in {counters}")) {
                let Some((method, path)) = name.split_once(' ') else { continue };
                let count = count.as_u64().unwrap_or_else(|| panic!("no number in {counters}"));
                rows.push(Row { service: service.clone(), method: method.into(), path: path.into(), count });
            }
        }
        Self(rows)
    }

    /// Requests of one service; an empty method or path fits all, a path fits by its end.
    pub fn count(&self, service: &str, method: &str, path: &str) -> u64 {
        self.0
            .iter()
            .filter(|r| r.service == service)
            .filter(|r| (method.is_empty() || r.method == method) && (path.is_empty() || r.path.ends_with(path)))
            .map(|r| r.count)
            .sum()
    }

    /// What came in after an earlier look.
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |row: &Row| {
            let same = |r: &&Row| r.service == row.service && r.method == row.method && r.path == row.path;
            earlier.0.iter().find(same).map_or(0, |r| r.count)
        };
        Self(self.0.iter().map(|r| Row { count: r.count - before(r), ..r.clone() }).filter(|r| r.count > 0).collect())
    }

    /// All requests to the app.
    pub fn app(&self) -> u64 {
        self.count("scim", "", "")
    }

    /// Requests to the app that change something.
    pub fn app_writes(&self) -> u64 {
        ["POST", "PUT", "PATCH", "DELETE"].iter().map(|m| self.count("scim", m, "")).sum()
    }
}
