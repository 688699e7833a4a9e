//! What operators ask the process: `/healthz` and `/metrics` over HTTP, orders over a unix socket in the data directory.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::UnixListener;

use crate::common::Common;
use crate::engine_thread::Shared;
use crate::http_door::HttpDoor;
use crate::mailbox::{Inbox, lock};
use crate::{metrics, peers};

/// The socket's name in the data directory.
const SOCKET: &str = "control.sock";

/// What the HTTP handlers see.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) common: Arc<Common>,
    pub(crate) engine: Arc<Shared>,
    /// Of the engine.
    pub(crate) inbox: Arc<Inbox>,
}

/// Serves `/healthz` and `/metrics` until the task is dropped.
pub(crate) async fn http(listener: std::net::TcpListener, view: View) -> io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(health))
        .route("/metrics", get(metrics_text))
        .with_state(view);
    axum::serve(HttpDoor::new(listener)?, router).await
}

async fn health(State(view): State<View>) -> impl IntoResponse {
    if view.common.draining.load(Ordering::Relaxed) {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        (StatusCode::OK, "ok\n")
    }
}

async fn metrics_text(State(view): State<View>) -> impl IntoResponse {
    let measures = metrics::measured(&view.engine, &view.inbox).await;
    let figures = *lock(&view.engine.figures);
    let common = &view.common;
    let now = common.clock.now().wall;
    common
        .metrics
        .measures
        .set(measures, &common.directory(), now);
    let standings = lock(&view.engine.standings).clone();
    let standings = peers::named(&common.directory(), &standings);
    common.metrics.peers.stand(standings);
    common
        .metrics
        .peers
        .want(peers::wanted(&common.directory()));
    common
        .metrics
        .unbound
        .set(i64::from(common.unbound.total()));
    let memory_max = common.directory().engine.limits.memory_max;
    common
        .metrics
        .memory_max
        .set(i64::try_from(memory_max).unwrap_or(i64::MAX));
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], common.metrics.text(figures))
}

/// Opens the socket for orders.
///
/// # Errors
/// What the system says, such as that the path is too long.
pub(crate) fn open_socket(data_dir: &Path) -> io::Result<UnixListener> {
    open_at(&socket(data_dir))
}

/// Opens a socket that only this user may connect to.
///
/// # Errors
/// What the system says, such as that the path is too long.
pub(crate) fn open_at(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Where the socket for orders is.
pub(crate) fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join(SOCKET)
}
