//! A service from its start to its end.

use std::future::Future;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use freehold::config::{Config, Profile};
use freehold::startup::named_manifest;
use freehold::{Freehold, Handle, Manifest};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::ending::Trouble;
use crate::request::BODY_BYTES_MAX;
use crate::{Service, environment, listen, log};

/// How long requests that have begun may take once the service was told to stop. It ends within two seconds of that.
const GRACE: Duration = Duration::from_millis(1500);

/// A service whose slice is being brought up in the background.
pub struct Running {
    /// The slice.
    pub slice: Handle,
    /// What it answers to.
    pub router: Router,
}

/// Everything, until a signal ends it.
pub(crate) fn run(service: &Service) -> Result<(), Trouble> {
    let config = Config::from_env().map_err(Trouble::Config)?;
    log::begin(&config.log)?;
    let address = listen::address(environment, config.profile == Profile::Dev)?;
    // Before the port is bound: whoever sees it bound sees a service that will stay.
    let manifest = manifest(service, &config)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Trouble::System)?;
    let ended = runtime.block_on(async {
        let signals = signals().map_err(Trouble::System)?;
        let listener = TcpListener::bind(address).await.map_err(|error| Trouble::Bind(address, error))?;
        let address = listener.local_addr().map_err(Trouble::System)?;
        tracing::info!(service = service.name, event = "listen", address = %address, "listening");
        let running = Running::begin(service, manifest, config);
        running.serve(listener, first(signals)).await.map_err(Trouble::System)?;
        tracing::info!(service = service.name, event = "stop", "stopped");
        Ok(())
    });
    // A name that is being looked up would hold up the end: such a thread cannot be cancelled.
    runtime.shutdown_background();
    ended
}

impl Running {
    /// Begins bringing up the slice. Must be called inside a tokio runtime, and with the port bound: from here on the database is asked.
    #[must_use]
    pub fn begin(service: &Service, manifest: Manifest, config: Config) -> Self {
        let slice = Freehold::new(manifest).by_hand((service.by_hand)()).with(config).start();
        let own = (service.routes)(slice.clone()).layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
        let router = freehold::http::routes(&slice).merge(own);
        Self { slice, router }
    }

    /// Serves until `stop` ends; then takes no more connections and gives begun requests a moment.
    ///
    /// # Errors
    /// When the system takes the port away.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) -> std::io::Result<()> {
        let (sender, mut stopping) = watch::channel(false);
        let told = async move {
            // The sender is dropped only when it is all over.
            let _ = stopping.changed().await;
        };
        let serving = axum::serve(listener, self.router).with_graceful_shutdown(told).into_future();
        let end = async {
            stop.await;
            self.slice.drain();
            let _ = sender.send(true);
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            served = serving => served,
            () = end => Ok(()),
        }
    }
}

/// The manifest of a service: the one that `FREEHOLD_MANIFEST` names, or the bundled one.
///
/// # Errors
/// When it cannot be read, has mistakes, or is of another service.
pub fn manifest(service: &Service, config: &Config) -> Result<Manifest, Trouble> {
    named_manifest((service.manifest)(), config).map_err(Trouble::Start)
}

/// The two signals that ask a service to end, caught from before the port is bound.
fn signals() -> std::io::Result<[Signal; 2]> {
    Ok([signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?])
}

async fn first([mut terminate, mut interrupt]: [Signal; 2]) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
