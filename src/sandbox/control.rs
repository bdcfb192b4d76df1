//! The control endpoints: for tests and demonstrations, on loopback only.
//!
//! | request | effect |
//! |---|---|
//! | `GET /control/faults`, `PUT /control/faults` | the faults, see [`crate::sandbox::faults`] |
//! | `GET /control/requests` | how many requests arrived, by service and by method and path pattern |
//! | `POST /control/reset` | state back to the seed, counts to zero |
//! | `POST /control/life` `{"events": N}` | lets N life events happen now; answers how many of each kind did |
//! | `GET /control/credentials`, `PUT /control/credentials` | `{"certificates": [PEM], "federated": [{"issuer", "subject", "audience", "key": PEM}]}` |
//! | `POST /control/expire` `{"as": "resync"}` or `"sync_state"` | delta tokens given so far have expired |
//! | `POST /control/revoke` | access tokens given so far are refused |

use super::faults::Faults;
use super::graph::Gone;
use super::life;
use super::token::Credentials;
use super::world::World;
use axum::body::Body;
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Events run at once at most.
const MOST_EVENTS: u64 = 100_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Life {
    events: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expire {
    #[serde(rename = "as", default = "resync")]
    how: Gone,
}

fn resync() -> Gone {
    Gone::Resync
}

type Reply = (StatusCode, Value);

fn bad(reason: impl Into<String>) -> Reply {
    (StatusCode::BAD_REQUEST, json!({ "error": reason.into() }))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Reply> {
    serde_json::from_slice(body).map_err(|error| bad(format!("the body is not what this takes: {error}")))
}

/// Answers a control request.
pub(super) fn answer(world: &World, peer: SocketAddr, method: &Method, path: &str, body: &[u8]) -> Response<Body> {
    let (status, value) = if peer.ip().to_canonical().is_loopback() {
        route(world, method, path, body).unwrap_or_else(|reply| reply)
    } else {
        (StatusCode::FORBIDDEN, json!({ "error": "the control endpoints answer on loopback only" }))
    };
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn route(world: &World, method: &Method, path: &str, body: &[u8]) -> Result<Reply, Reply> {
    let name = path.trim_start_matches("/control").trim_matches('/');
    let value = match (method, name) {
        (&Method::GET, "faults") => json!(world.board().faults()),
        (&Method::PUT, "faults") => {
            let faults: Faults = read(body)?;
            faults.check().map_err(bad)?;
            world.set_faults(faults);
            json!(world.board().faults())
        }
        (&Method::GET, "requests") => world.counted(),
        (&Method::POST, "reset") => {
            world.reset();
            json!({ "reset": true })
        }
        (&Method::POST, "life") => {
            let life: Life = read(body)?;
            if life.events > MOST_EVENTS {
                return Err(bad(format!("at most {MOST_EVENTS} events at once")));
            }
            let mut directory = world.directory();
            let mut happened: BTreeMap<String, u64> = BTreeMap::new();
            for _ in 0..life.events {
                let event = life::event(&mut directory, world.recipe.0);
                *happened.entry(format!("{event:?}").to_lowercase()).or_insert(0) += 1;
            }
            json!(happened)
        }
        (&Method::GET, "credentials") => json!(world.doors().credentials),
        (&Method::PUT, "credentials") => {
            let credentials: Credentials = read(body)?;
            credentials.check().map_err(bad)?;
            world.doors().credentials = credentials;
            world.touch();
            json!({ "registered": true })
        }
        (&Method::POST, "expire") => {
            let Expire { how } = if body.is_empty() { Expire { how: Gone::Resync } } else { read(body)? };
            let version = {
                let mut directory = world.directory();
                // A number of its own: a token given from now on is not older than this.
                directory.version += 1;
                directory.version
            };
            world.doors().expired_below = (version, how);
            world.touch();
            json!({ "expired_below": version })
        }
        (&Method::POST, "revoke") => {
            world.doors().token_generation += 1;
            world.touch();
            json!({ "revoked": true })
        }
        (_, "faults" | "requests" | "reset" | "life" | "credentials" | "expire" | "revoke") => {
            return Err((StatusCode::METHOD_NOT_ALLOWED, json!({ "error": "this does not take that method" })));
        }
        _ => return Err((StatusCode::NOT_FOUND, json!({ "error": "no such control endpoint" }))),
    };
    Ok((StatusCode::OK, value))
}
