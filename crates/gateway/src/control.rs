//! What operators ask the process: `/healthz` and `/metrics` over HTTP, orders over a unix socket in the data directory.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};

use crate::common::Common;
use crate::engine_thread::Shared;
use crate::http_door::HttpDoor;
use crate::mailbox::lock;

/// The socket's name in the data directory.
const SOCKET: &str = "control.sock";

/// An order is a word; a longer line is none.
const ORDER_OCTETS_MAX: u64 = 256;

/// How long whoever gives an order may take over it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The answer's first line when the order was carried out.
const DONE: &str = "done";

/// An order over the socket, and where its outcome goes.
pub(crate) struct Order {
    pub(crate) word: String,
    /// What was done, or why not.
    pub(crate) outcome: oneshot::Sender<Result<String, String>>,
}

/// What the HTTP handlers see.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) common: Arc<Common>,
    pub(crate) engine: Arc<Shared>,
}

/// Serves `/healthz` and `/metrics` until the task is dropped.
pub(crate) async fn http(listener: std::net::TcpListener, view: View) -> io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
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

async fn metrics(State(view): State<View>) -> impl IntoResponse {
    let figures = *lock(&view.engine.figures);
    let common = &view.common;
    common
        .metrics
        .unbound
        .set(i64::from(common.unbound.total()));
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

/// Passes orders on until the task is dropped.
pub(crate) async fn take_orders(listener: UnixListener, orders: mpsc::Sender<Order>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Whoever gives up halfway is not told anything.
                let _ = tokio::time::timeout(PATIENCE, take_order(stream, &orders)).await;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn take_order(stream: UnixStream, orders: &mpsc::Sender<Order>) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    BufReader::new(read.take(ORDER_OCTETS_MAX))
        .read_line(&mut line)
        .await?;
    let (outcome, done) = oneshot::channel();
    let word = line.trim().to_owned();
    let answer = match orders.send(Order { word, outcome }).await {
        Ok(()) => done.await.unwrap_or_else(|_| Err("going down".to_owned())),
        Err(_) => Err("going down".to_owned()),
    };
    let text = match answer {
        Ok(text) => format!("{DONE}\n{text}\n"),
        Err(text) => format!("refused\n{text}\n"),
    };
    write.write_all(text.as_bytes()).await
}

/// Gives an order to the process that runs on `data_dir`.
///
/// # Errors
/// Why it was not carried out.
pub(crate) fn order(data_dir: &Path, word: &str) -> Result<String, String> {
    use std::io::{Read, Write};
    let path = socket(data_dir);
    let unreachable = |error: io::Error| {
        let path = path.display();
        format!("no gateway answers at {path}: {error}; name its data directory with --data-dir")
    };
    let mut stream = std::os::unix::net::UnixStream::connect(&path).map_err(unreachable)?;
    let mut answer = String::new();
    stream
        .set_read_timeout(Some(2 * PATIENCE))
        .and_then(|()| stream.write_all(format!("{word}\n").as_bytes()))
        .and_then(|()| stream.read_to_string(&mut answer))
        .map_err(unreachable)?;
    let (first, rest) = answer.split_once('\n').unwrap_or((&answer, ""));
    let rest = rest.trim_end().to_owned();
    if first == DONE { Ok(rest) } else { Err(rest) }
}

fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join(SOCKET)
}
