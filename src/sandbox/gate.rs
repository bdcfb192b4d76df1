//! The one door of the sandbox: counts, applies faults, and runs the work on a task of its own, so that a client
//! that goes away does not undo what it has asked for.

use super::control;
use super::faults::{Drop, Service, after, before};
use super::graph::answer::{Answer, GraphError};
use super::graph::query::Query;
use super::graph::{self, Call, Desk, decode, gone, segments};
use super::listen::Line;
use super::world::World;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use axum::middleware::Next;
use std::sync::Arc;

/// The largest body a request may have.
const LARGEST: usize = 16 * 1024 * 1024;

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

/// Which service a path belongs to, and the path within it. `None`: the control endpoints.
fn place(path: &str) -> Option<(Service, &str)> {
    let below = |prefix: &str| path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    if below("/control").is_some() {
        None
    } else if let Some(rest) = below("/v1.0") {
        Some((Service::Graph, rest))
    } else if let Some(rest) = below("/scim/v2") {
        Some((Service::Scim, rest))
    } else {
        Some((Service::Token, path))
    }
}

/// The pattern of a path: what names one object becomes `{id}`.
fn pattern(service: Service, path: &str) -> String {
    match service {
        Service::Graph => {
            let parts = segments(path);
            let mut out = String::new();
            for (n, part) in parts.iter().enumerate() {
                let collection = matches!(
                    parts.get(n.wrapping_sub(1)).map(String::as_str),
                    Some(
                        "users"
                            | "groups"
                            | "servicePrincipals"
                            | "deletedItems"
                            | "directoryObjects"
                            | "organization"
                            | "members"
                            | "appRoleAssignedTo"
                    )
                );
                let word = matches!(
                    part.as_str(),
                    "delta"
                        | "$count"
                        | "$ref"
                        | "user"
                        | "group"
                        | "device"
                        | "application"
                        | "servicePrincipal"
                        | "administrativeUnit"
                );
                out.push('/');
                out.push_str(if collection && !word { "{id}" } else { part });
            }
            out
        }
        Service::Scim => {
            let mut out = String::new();
            for (n, part) in path.split('/').filter(|part| !part.is_empty()).enumerate() {
                out.push('/');
                out.push_str(if n == 1 && part != ".search" { "{id}" } else { part });
            }
            out
        }
        Service::Token => {
            let rest = path.trim_start_matches('/').split_once('/').map_or("", |(_, rest)| rest);
            format!("/{{tenant}}/{rest}")
        }
    }
}

/// The middleware in front of everything.
pub(super) async fn gate(
    State(world): State<Arc<World>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
    next: Next,
) -> Response<Body> {
    // Not awaited by the connection alone: dropping the handle leaves the work running.
    let work = tokio::spawn(async move { pass(world, line, request, next).await });
    work.await.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "the sandbox failed\n"))
}

async fn pass(world: Arc<World>, line: Line, request: Request, next: Next) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let Some((service, inner)) = place(&path) else { return next.run(request).await };
    let method = request.method().as_str().to_owned();
    world.count(service, format!("{method} {}", pattern(service, inner)));
    let fate = world.board().fate(service, &method, &decode(inner));
    if !fate.delay.is_zero() {
        tokio::time::sleep(fate.delay).await;
    }
    let Some(rule) = fate.rule else { return next.run(request).await };
    if rule.drop == Some(Drop::Before) {
        return line.cut();
    }
    if let Some(answer) = before(&rule, service, request.headers()) {
        return answer;
    }
    let query = request.uri().query().unwrap_or_default();
    let has_token = query.contains("deltatoken=") || query.contains("skiptoken=");
    if let (Some(how), Service::Graph, true) = (rule.gone, service, has_token) {
        let collection = if inner.starts_with("/groups") { "groups" } else { "users" };
        return Answer::from(gone(how, &world.origin, collection)).into_response(request.headers());
    }
    let own_url = format!("{}{}", world.origin, request.uri());
    let answer = after(&rule, next.run(request).await, &own_url).await;
    if rule.drop == Some(Drop::After) {
        return line.cut();
    }
    answer
}

/// Everything outside the SCIM app.
pub(super) async fn rest(
    State(world): State<Arc<World>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large or was cut off\n");
    };
    match place(parts.uri.path()) {
        None => control::answer(&world, line.peer, &parts.method, parts.uri.path(), &body),
        Some((Service::Graph, inner)) => {
            let inner = inner.to_owned();
            let call = call(&parts.uri, &inner, &parts.headers, parts.method, body.to_vec());
            tokio::task::spawn_blocking(move || graph_answer(&world, &call, &parts.headers))
                .await
                .unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "the sandbox failed\n"))
        }
        Some((_, path)) => world.with_issuer(|issuer| issuer.answer(&parts.method, path, &parts.headers, &body)),
    }
}

fn call(uri: &Uri, inner: &str, headers: &HeaderMap, method: axum::http::Method, body: Vec<u8>) -> Call {
    let query = Query::new(uri.query().unwrap_or_default(), headers);
    Call { method, path: inner.to_owned(), segments: segments(inner), query, body }
}

fn graph_answer(world: &World, call: &Call, headers: &HeaderMap) -> Response<Body> {
    if let Err(error) = world.with_issuer(|issuer| issuer.check(headers)) {
        return Answer::from(error).into_response(headers);
    }
    let units = graph::units(call);
    let used = match world.board().book(units) {
        Ok(used) => used,
        Err(wait) => return Answer::from(throttled(world, wait)).into_response(headers),
    };
    let expired_below = world.doors().expired_below;
    let mut directory = world.directory();
    let mut desk = Desk { directory: &mut directory, origin: &world.origin, key: &world.key, expired_below };
    let mut answer = graph::handle(&mut desk, call);
    drop(directory);
    answer.headers.push(("x-ms-resource-unit", units.to_string()));
    if used >= 0.8 {
        answer.headers.push(("x-ms-throttle-limit-percentage", format!("{used:.1}")));
    }
    answer.into_response(headers)
}

fn throttled(world: &World, wait: u64) -> GraphError {
    let identity = &world.identity;
    let scope = format!("Tenant_Application/ReadWrite/{}/{}", identity.client_id, identity.tenant_id);
    GraphError::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "Too many requests")
        .with("retry-after", wait.to_string())
        .with("x-ms-throttle-scope", scope)
        .with("x-ms-throttle-information", "ResourceUnitLimitExceeded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_counted_by_pattern() {
        for (service, path, expected) in [
            (Service::Graph, "/users/delta()", "/users/delta"),
            (Service::Graph, "/users/microsoft.graph.delta", "/users/delta"),
            (Service::Graph, "/users/7/manager/$ref", "/users/{id}/manager/$ref"),
            (Service::Graph, "/groups/7/members/8/$ref", "/groups/{id}/members/{id}/$ref"),
            (Service::Graph, "/servicePrincipals(appId='x')", "/servicePrincipals/{id}"),
            (Service::Graph, "/directory/deletedItems/graph.user", "/directory/deletedItems/user"),
            (Service::Scim, "/Users/42", "/Users/{id}"),
            (Service::Scim, "/Users/.search", "/Users/.search"),
            (Service::Token, "/t/oauth2/v2.0/token", "/{tenant}/oauth2/v2.0/token"),
        ] {
            assert_eq!(pattern(service, path), expected);
        }
    }
}
