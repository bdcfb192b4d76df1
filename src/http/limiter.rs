//! When a request may leave, and whether it may be repeated. One limiter per service.

use super::client::{HttpClient, Request, Response};
use super::error::{HttpError, Loss};
use super::gate::Gate;
use super::pace::Pace;
use reqwest::Method;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Settings of a limiter.
#[derive(Clone, Debug)]
pub struct LimiterSettings {
    /// Requests at once, to begin with.
    pub concurrency: usize,
    /// Requests at once, at most.
    pub max_concurrency: usize,
    /// Attempts for what failed (E9.51: three).
    pub attempts: u32,
    /// Attempts for what the server refused with 429 or 503 and Retry-After.
    pub throttle_attempts: u32,
    /// First wait of the own back-off; doubles each time, jittered.
    pub backoff: Duration,
    /// Longest pause that is waited out; a longer one is an error at once.
    pub max_wait: Duration,
    /// How long a write that is on its way may still finish after a stop.
    pub grace: Duration,
}

impl Default for LimiterSettings {
    fn default() -> Self {
        Self {
            concurrency: 8,
            max_concurrency: 16,
            attempts: 3,
            throttle_attempts: 10,
            backoff: Duration::from_millis(500),
            max_wait: Duration::from_secs(120),
            grace: Duration::from_millis(500),
        }
    }
}

/// Bounded, adaptive concurrency; pauses and paces per verb and endpoint class; retries that cannot do harm.
/// First come, first served. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Limiter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: LimiterSettings,
    gate: Gate,
    paces: Mutex<HashMap<(Method, &'static str), Pace>>,
}

impl Limiter {
    /// A limiter that knows nothing yet.
    pub fn new(settings: LimiterSettings) -> Self {
        let gate = Gate::new(settings.concurrency, settings.max_concurrency);
        Self { inner: Arc::new(Inner { settings, gate, paces: Mutex::new(HashMap::new()) }) }
    }

    /// Sends when there is room. Reads are repeated after connection errors, lost answers, 429, 502, 503 and 504;
    /// writes only when they certainly were not processed: never left, 429, or 503 with `Retry-After`.
    ///
    /// After `cancel` nothing leaves any more; a read on its way is dropped, a write gets a short grace and is then
    /// [`HttpError::Lost`].
    ///
    /// # Errors
    /// The last error of the request.
    pub async fn send(
        &self,
        http: &HttpClient,
        request: &Request,
        cancel: &CancellationToken,
    ) -> Result<Response, HttpError> {
        let settings = &self.inner.settings;
        let (mut failures, mut refusals) = (0, 0);
        loop {
            let error = match self.once(http, request, cancel).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let wait = match verdict(&error, request) {
                Verdict::Final => return Err(error),
                Verdict::Refused(wait) => {
                    refusals += 1;
                    let wait = self.pause(request, wait);
                    if refusals >= settings.throttle_attempts || wait > settings.max_wait {
                        return Err(error);
                    }
                    // The bucket is paused; the next turn waits there.
                    continue;
                }
                Verdict::Failed => {
                    failures += 1;
                    if failures >= settings.attempts {
                        return Err(error);
                    }
                    backoff(settings.backoff, failures)
                }
            };
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(error),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn once(
        &self,
        http: &HttpClient,
        request: &Request,
        cancel: &CancellationToken,
    ) -> Result<Response, HttpError> {
        let settings = &self.inner.settings;
        let cancelled = || HttpError::Cancelled { place: request.place() };
        let permit = loop {
            if cancel.is_cancelled() {
                return Err(cancelled());
            }
            if let Some(left) = self.pace(request, |pace| pace.pause(Instant::now())) {
                if left > settings.max_wait {
                    return Err(HttpError::Paused { place: request.place(), wait: left });
                }
                // Wait outside the gate: a paused bucket must not keep places from the others.
                tokio::select! {
                    biased;
                    () = cancel.cancelled() => return Err(cancelled()),
                    () = tokio::time::sleep(left) => continue,
                }
            }
            let permit = tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(cancelled()),
                permit = self.inner.gate.enter() => permit,
            };
            match self.pace(request, |pace| pace.take(Instant::now())) {
                Ok(()) => break permit,
                Err(wait) => {
                    self.inner.gate.leave(permit);
                    tokio::select! {
                        biased;
                        () = cancel.cancelled() => return Err(cancelled()),
                        () = tokio::time::sleep(wait.min(settings.max_wait)) => {}
                    }
                }
            }
        };
        let start = Instant::now();
        let result = tokio::select! {
            biased;
            result = http.send(request) => result,
            () = stopped(cancel, request.is_read(), settings.grace) => Err(if request.is_read() {
                cancelled()
            } else {
                HttpError::Lost { place: request.place(), why: Loss::Stopped }
            }),
        };
        self.inner.gate.leave(permit);
        match &result {
            Err(HttpError::Status(e)) if matches!(e.status, 429 | 502 | 503 | 504) => self.inner.gate.overloaded(),
            Err(HttpError::Unsent { .. } | HttpError::Lost { .. }) => self.inner.gate.overloaded(),
            Ok(_) | Err(HttpError::Status(_)) => {
                let latency = start.elapsed();
                let best = self.pace(request, |pace| pace.accepted(latency));
                self.inner.gate.answered(latency, best);
            }
            Err(_) => {}
        }
        result
    }

    /// Pauses the bucket of the request and says for how long.
    fn pause(&self, request: &Request, wanted: Option<Duration>) -> Duration {
        let base = self.inner.settings.backoff;
        self.pace(request, |pace| {
            // Zero or nothing named: our own back-off, or sixteen requests would come back at once.
            let own = backoff(base, pace.refusals + 1);
            let wait = wanted.filter(|w| !w.is_zero()).unwrap_or(own);
            pace.refused(Instant::now(), wait);
            wait
        })
    }

    fn pace<T>(&self, request: &Request, act: impl FnOnce(&mut Pace) -> T) -> T {
        let mut paces: MutexGuard<'_, _> = self.inner.paces.lock().unwrap_or_else(PoisonError::into_inner);
        act(paces.entry((request.method.clone(), request.class)).or_default())
    }
}

async fn stopped(cancel: &CancellationToken, read: bool, grace: Duration) {
    cancel.cancelled().await;
    if !read {
        tokio::time::sleep(grace).await;
    }
}

enum Verdict {
    /// Hand it to the caller.
    Final,
    /// The server did not process it and wants a pause.
    Refused(Option<Duration>),
    /// It may be repeated after a while.
    Failed,
}

fn verdict(error: &HttpError, request: &Request) -> Verdict {
    let read = request.is_read() || request.patient;
    match error {
        HttpError::Unsent { why, .. } if passing(why) => Verdict::Failed,
        HttpError::Lost { why, .. } if read && *why != Loss::Stopped => Verdict::Failed,
        HttpError::Status(e) => match e.status {
            429 => Verdict::Refused(e.retry_after),
            503 if e.retry_after.is_some() => Verdict::Refused(e.retry_after),
            502..=504 if read => Verdict::Failed,
            500 if request.patient => Verdict::Failed,
            _ => Verdict::Final,
        },
        _ => Verdict::Final,
    }
}

/// Whether another attempt a moment later can help.
fn passing(why: &super::error::Unreached) -> bool {
    use super::error::Unreached as U;
    matches!(why, U::Dns | U::Refused | U::Timeout | U::Other(_))
}

/// `base`, doubled for each earlier failure, at most half a minute, between half and all of it.
fn backoff(base: Duration, failures: u32) -> Duration {
    let full = base.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(Duration::from_secs(30));
    full.mul_f64(0.5 + fastrand::f64() / 2.0)
}
