//! `healthcheck`: asks the service on this machine how it is, for images that have neither curl nor a shell.
//!
//! One request over plain TCP, spelled out: <https://www.rfc-editor.org/rfc/rfc9112>. It reads no more of the answer than the head and the
//! short body that `freehold::http` gives.

use std::io::{self, Read as _, Write as _, stdout};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::ending::Trouble;
use crate::{environment, listen};

/// Shorter than the three seconds that a probe usually gets.
const LIMIT: Duration = Duration::from_secs(2);

/// No answer of ours is longer.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;

pub(crate) fn ask(path: &str) -> Result<(), Trouble> {
    let address = listen::from_here(listen::address(environment, true)?);
    let answer = request(address, path)
        .map_err(|error| Trouble::Unwell(format!("http://{address}{path}: {error}")))?;
    match told(&answer) {
        Some((200, body)) => {
            let _ = writeln!(stdout(), "{body}");
            Ok(())
        }
        Some((status, body)) => Err(Trouble::Unwell(format!("{status} {body}"))),
        None => Err(Trouble::Unwell(format!("what answers on {address} is not a service"))),
    }
}

fn request(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    Ok(answer)
}

/// The status and the body of an answer.
fn told(answer: &str) -> Option<(u16, &str)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.split(' ').next()?;
    Some((status.parse().ok()?, body))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn an_answer_is_read_to_its_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let served = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 128];
            let length = stream.read(&mut asked).unwrap();
            write!(stream, "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{{}}").unwrap();
            String::from_utf8(asked[..length].to_vec()).unwrap()
        });
        let answer = request(address, "/readyz").unwrap();
        assert_eq!(told(&answer), Some((503, "{}")));
        let asked = served.join().unwrap();
        assert!(asked.starts_with("GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:"), "{asked}");
    }

    #[test]
    fn what_is_not_http_is_no_answer() {
        assert_eq!(told("SSH-2.0-OpenSSH"), None);
        assert_eq!(told("HTTP/1.1 abc\r\n\r\n"), None);
    }
}
