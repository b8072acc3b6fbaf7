//! A proxy on loopback between a client process and the server: it counts what a client says, and it can strike at
//! one exact moment of the conversation.
//!
//! Invariant: the strike falls before the next byte passes in either direction of that connection. Both directions
//! are one task, and the strike is called in it, without an `await` after the message that it waits for.
//! <https://www.postgresql.org/docs/current/protocol-flow.html>

use crate::failure::Failure;
use crate::wire::{Message, Opening, read_opening};
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// What ends the client: a SIGKILL by process id, see [`crate::process::Victim`].
pub type Kill = Box<dyn FnOnce() + Send>;

/// What goes wrong, once, and when. Moments are counted from 1, over all connections of the proxy.
pub enum Fault {
    /// Nothing.
    None,
    /// When the n-th `Query` or `Execute` is with the server, and none of its answer is with the client.
    KillAfterSent(usize, Kill),
    /// When the n-th `ReadyForQuery` after authentication is with the client: the server is done, and nothing
    /// further has reached it.
    KillAfterAnswered(usize, Kill),
}

/// What clients have said after they were authenticated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Sessions that asked for one, authenticated or not.
    pub connections: usize,
    /// Messages of every kind but `Terminate`.
    pub messages: usize,
    /// `Query`: the simple protocol.
    pub queries: usize,
    /// `Parse`: statements prepared.
    pub parses: usize,
    /// `Execute`: prepared statements run.
    pub executes: usize,
    /// `ReadyForQuery` from the server: the round trips that clients waited for.
    pub answers: usize,
}

/// A running proxy. Dropping it cuts its connections.
pub struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Listens on a port of 127.0.0.1 for clients of the server on `upstream_port`. It runs on a thread of its own,
    /// so a test may block while it waits for its client.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start(upstream_port: u16, fault: Fault) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            Failure::new(
                format!("start a proxy: {error}"),
                "see whether this process may listen on 127.0.0.1",
            )
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
        // Not the runtime's own listener: that would have to be bound by blocking on it, in the caller's runtime.
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let state = Arc::new(Mutex::new(State {
            counts: Counts::default(),
            sent: Vec::new(),
            answered: Vec::new(),
            fault,
        }));
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&state);
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = accept(listener, upstream_port, &shared) => {}
                    _ = stopped => {}
                }
            });
        });
        Ok(Self { port, state, stop: Some(stop), thread: Some(thread) })
    }

    /// Where clients connect: see [`crate::address::Address::through`].
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What has been said so far.
    pub fn counts(&self) -> Counts {
        locked(&self.state).counts
    }

    /// The texts of the simple queries so far, as they were sent.
    pub fn queries(&self) -> Vec<String> {
        locked(&self.state).sent.iter().flatten().cloned().collect()
    }

    /// What [`Fault::KillAfterSent`] counts, in its order: the text of a simple query, `None` for a prepared statement.
    pub fn sent(&self) -> Vec<Option<String>> {
        locked(&self.state).sent.clone()
    }

    /// Of each message of [`Proxy::sent`], the answer to it, as [`Fault::KillAfterAnswered`] counts.
    pub fn answers_to_sent(&self) -> Vec<usize> {
        locked(&self.state).answered.iter().map(|before| before + 1).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct State {
    counts: Counts,
    sent: Vec<Option<String>>,
    /// Of each of those, how many answers there had been when it was sent.
    answered: Vec<usize>,
    fault: Fault,
}

impl State {
    /// Counts a message of an authenticated client, and gives out the strike that is due when it has been forwarded.
    fn client_says(&mut self, message: &Message) -> Option<Kill> {
        let counts = &mut self.counts;
        counts.messages += usize::from(message.kind() != b'X');
        match message.kind() {
            b'Q' => counts.queries += 1,
            b'P' => counts.parses += 1,
            b'E' => counts.executes += 1,
            _ => {}
        }
        if matches!(message.kind(), b'Q' | b'E') {
            self.sent.push(message.query());
            self.answered.push(counts.answers);
        }
        let sent = counts.queries + counts.executes;
        let due = matches!(message.kind(), b'Q' | b'E')
            && matches!(self.fault, Fault::KillAfterSent(moment, _) if moment == sent);
        self.strike(due)
    }

    /// Counts an answer, and gives out the strike that is due when it has been forwarded.
    fn server_is_ready(&mut self) -> Option<Kill> {
        self.counts.answers += 1;
        let due = matches!(self.fault, Fault::KillAfterAnswered(moment, _) if moment == self.counts.answers);
        self.strike(due)
    }

    fn strike(&mut self, due: bool) -> Option<Kill> {
        if !due {
            return None;
        }
        match std::mem::replace(&mut self.fault, Fault::None) {
            Fault::None => None,
            Fault::KillAfterSent(_, kill) | Fault::KillAfterAnswered(_, kill) => Some(kill),
        }
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(
    listener: std::net::TcpListener,
    upstream_port: u16,
    state: &Arc<Mutex<State>>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (client, _) = listener.accept().await?;
        let state = Arc::clone(state);
        // A connection that breaks is the client's to notice: that is what a proxy for tests is for.
        tokio::spawn(async move { serve(client, upstream_port, &state).await });
    }
}

async fn serve(mut client: TcpStream, upstream_port: u16, state: &Mutex<State>) -> io::Result<()> {
    client.set_nodelay(true)?;
    let startup = loop {
        match read_opening(&mut client).await? {
            // What is encrypted cannot be counted.
            Some(Opening::Encrypt) => client.write_all(b"N").await?,
            Some(Opening::Startup(startup)) => break startup,
            Some(Opening::Cancel(cancel)) => {
                let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream_port)).await?;
                server.write_all(&cancel).await?;
                return copy_bidirectional(&mut client, &mut server).await.map(|_| ());
            }
            None => return Ok(()),
        }
    };
    locked(state).counts.connections += 1;
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream_port)).await?;
    server.set_nodelay(true)?;
    server.write_all(&startup).await?;
    let greeted = AtomicBool::new(false);
    let (client_reads, client_writes) = client.split();
    let (server_reads, server_writes) = server.split();
    // The first direction that ends, or strikes, ends both.
    tokio::select! {
        ended = forward_queries(client_reads, server_writes, &greeted, state) => ended,
        ended = forward_answers(server_reads, client_writes, &greeted, state) => ended,
    }
}

async fn forward_queries(
    mut client: ReadHalf<'_>,
    mut server: WriteHalf<'_>,
    greeted: &AtomicBool,
    state: &Mutex<State>,
) -> io::Result<()> {
    while let Some(message) = Message::read(&mut client).await? {
        let authenticated = greeted.load(Ordering::Relaxed);
        let strike = if authenticated { locked(state).client_says(&message) } else { None };
        server.write_all(message.bytes()).await?;
        if let Some(kill) = strike {
            kill();
            return Ok(());
        }
    }
    Ok(())
}

async fn forward_answers(
    mut server: ReadHalf<'_>,
    mut client: WriteHalf<'_>,
    greeted: &AtomicBool,
    state: &Mutex<State>,
) -> io::Result<()> {
    while let Some(message) = Message::read(&mut server).await? {
        let ready = message.kind() == b'Z';
        // The first one ends the authentication; it answers nothing.
        let answer = ready && greeted.swap(ready, Ordering::Relaxed);
        let strike = if answer { locked(state).server_is_ready() } else { None };
        client.write_all(message.bytes()).await?;
        if let Some(kill) = strike {
            kill();
            return Ok(());
        }
    }
    Ok(())
}
