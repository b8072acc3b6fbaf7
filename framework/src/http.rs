//! The health endpoints as an axum router: liveness, readiness, and what people and dashboards ask.
//!
//! Invariant: an answer is made of the state and of the last looks at the database, all of which are read without waiting, and
//! `/livez` not even of those. Bodies hold the words of [`crate::health`] and nothing else: no host, user, statement or text of a server.
//! Names of objects and of checks are told to those who may know them (`FREEHOLD_HEALTH_DETAILS`).
//!
//! | path | 200 | 503 |
//! |---|---|---|
//! | `/livez` | always | never |
//! | `/readyz` | the slice is verified (see `FREEHOLD_READY`) | before that, or when the process ends |
//! | `/health` | pass, warn | fail |
//! | `/health/db` | pass, warn | fail |
//! | `/health/migrations` | pass, warn | fail |

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

use crate::health::{self, Reason, Status, Verdict};
use crate::startup::{Handle, NotReady};
use details::{Asker, asker};

mod details;

/// When to ask again, in seconds: the usual period of a readiness probe, and of the looks at the database.
const RETRY_AFTER_S: &str = "5";

/// The endpoints of one service, to be merged into its own router, whatever state that has.
pub fn routes<S>(slice: &Handle) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/health", get(service))
        .route("/health/db", get(database))
        .route("/health/migrations", get(migrations))
        .with_state(slice.clone())
}

/// What `/health` says.
#[derive(Serialize)]
struct Whole<'a> {
    status: Status,
    #[serde(rename = "serviceId")]
    service: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    checks: Checks,
}

/// The form of the draft: a list for each component.
#[derive(Serialize)]
struct Checks {
    database: [Check; 1],
    migrations: [Check; 1],
    /// Those of the manifest, once they have been run.
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<[Check; 1]>,
}

#[derive(Serialize)]
struct Check {
    status: Status,
}

async fn live() -> Response {
    answer(Status::Pass, &Verdict::PASS)
}

async fn ready(State(slice): State<Handle>) -> Response {
    let policy = slice.config().ready;
    plain(health::readiness(&slice.state(), slice.sample().as_ref(), policy))
}

async fn service(State(slice): State<Handle>, head: HeaderMap) -> Response {
    let (state, sample, checked) = (slice.state(), slice.sample(), slice.checks());
    match asker(&slice.config().health, &head) {
        Asker::Wrong => return wrong_token(),
        Asker::Authorized => {
            let whole = details::whole(&state, sample.as_ref(), &checked);
            return answer(whole.status, &whole);
        }
        Asker::Anybody => {}
    }
    let Verdict { status, reason } = health::service(&state, sample.as_ref(), &checked);
    let database = [Check { status: health::database(&state, sample.as_ref()).status }];
    let migrations = [Check { status: health::migrations(&state).status }];
    let checks = (!checked.is_empty()).then(|| [Check { status: health::checks(&checked).status }]);
    let checks = Checks { database, migrations, checks };
    answer(status, &Whole { status, service: &state.service, reason, checks })
}

async fn database(State(slice): State<Handle>) -> Response {
    plain(health::database(&slice.state(), slice.sample().as_ref()))
}

async fn migrations(State(slice): State<Handle>, head: HeaderMap) -> Response {
    let state = slice.state();
    match asker(&slice.config().health, &head) {
        Asker::Wrong => wrong_token(),
        Asker::Anybody => plain(health::migrations(&state)),
        Asker::Authorized => {
            let migrations = details::migrations(&state);
            answer(migrations.status, &migrations)
        }
    }
}

/// A token that is not the one is told so: whoever brings one wants to know why it does not work.
fn wrong_token() -> Response {
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")]).into_response()
}

/// So that `slice.ready()?` in a service's own endpoint answers 503 with the reason.
impl IntoResponse for NotReady {
    fn into_response(self) -> Response {
        // It may have become ready between the two looks that made this error.
        plain(Verdict::fail(health::reason(self.0).unwrap_or(Reason::Applying)))
    }
}

fn plain(verdict: Verdict) -> Response {
    answer(verdict.status, &verdict)
}

fn answer(status: Status, body: &impl Serialize) -> Response {
    let head = [(header::CONTENT_TYPE, "application/health+json"), (header::CACHE_CONTROL, "no-store")];
    // Values of this file's own types always have a JSON form.
    let body = serde_json::to_string(body).unwrap_or_default();
    match status {
        Status::Pass | Status::Warn => (head, body).into_response(),
        Status::Fail => {
            let again = [(header::RETRY_AFTER, RETRY_AFTER_S)];
            (StatusCode::SERVICE_UNAVAILABLE, head, again, body).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::to_bytes;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::config::{Config, Flags};
    use crate::manifest::Manifest;
    use crate::startup::Freehold;
    use crate::startup::Phase;

    async fn read(response: Response) -> (u16, Vec<String>, String) {
        let header = |name| {
            response.headers().get(name).map_or("-".to_owned(), |value| value.to_str().unwrap().to_owned())
        };
        let head = [header::CONTENT_TYPE, header::CACHE_CONTROL, header::RETRY_AFTER].map(header).to_vec();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1024).await.unwrap();
        (status, head, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn c17_7_a_refusal_says_why_and_when_to_ask_again() {
        let (status, head, body) = read(NotReady(Phase::WaitingForDatabase).into_response()).await;
        assert_eq!(status, 503);
        assert_eq!(head, ["application/health+json", "no-store", "5"]);
        assert_eq!(body, r#"{"status":"fail","reason":"waiting_for_database"}"#);
    }

    #[tokio::test]
    async fn a_pass_has_neither_reason_nor_retry() {
        let (status, head, body) = read(live().await).await;
        assert_eq!((status, body.as_str()), (200, r#"{"status":"pass"}"#));
        assert_eq!(head, ["application/health+json", "no-store", "-"]);
    }

    #[tokio::test]
    async fn a_warning_is_served() {
        let (status, _, body) = read(plain(Verdict::warn(Reason::ConstraintsWaiting))).await;
        assert_eq!((status, body.as_str()), (200, r#"{"status":"warn","reason":"constraints_waiting"}"#));
    }

    /// A service whose database accepts connections and never says a word.
    fn waiting(silent: &TcpListener) -> Handle {
        let url = format!("postgres://u@{}/d", silent.local_addr().unwrap());
        let lookup = |name: &str| (name == "DATABASE_URL").then(|| url.clone());
        let config = Config::load(&lookup, &Flags::default()).unwrap();
        let text = "manifest = 1\n[service]\nname = \"a-service\"\nversion = \"1.0.0\"\n";
        Freehold::new(Manifest::parse("a.toml", text).unwrap().manifest).with(config).start()
    }

    async fn orders(State(slice): State<Handle>) -> Result<&'static str, NotReady> {
        slice.ready()?;
        Ok("orders")
    }

    #[tokio::test]
    async fn a_handler_that_needs_the_slice_too_early_answers_with_the_reason() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let slice = waiting(&silent);
        let app = Router::new().merge(routes(&slice)).route("/orders", get(orders)).with_state(slice.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        tokio::spawn(async { axum::serve(listener, app).await });
        let mut states = slice.watch();
        let waits = states.wait_for(|state| state.phase == Phase::WaitingForDatabase);
        drop(tokio::time::timeout(Duration::from_secs(10), waits).await.unwrap().unwrap());

        client.write_all(b"GET /orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 5\r\n"), "{answer}");
        assert!(answer.ends_with(r#"{"status":"fail","reason":"waiting_for_database"}"#), "{answer}");
    }
}
