//! Asking a service by HTTP: one request over a TCP connection of its own, spelled out, with a limit.
//!
//! <https://www.rfc-editor.org/rfc/rfc9112>

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Nothing that is asked here may take longer.
const LIMIT: Duration = Duration::from_secs(10);

/// What a service answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Header fields, names in lower case.
    pub head: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// From the first byte sent to the last byte read, without the time to connect.
    pub elapsed: Duration,
}

impl Answer {
    /// The value of a header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// Asks for a path.
///
/// # Errors
/// When nobody listens there, or the answer does not come in time or is not HTTP.
pub fn get(address: SocketAddr, path: &str) -> io::Result<Answer> {
    ask(address, &format!("GET {path} HTTP/1.1\r\n"), "")
}

/// Sends a body to a path, with these header fields.
///
/// # Errors
/// When nobody listens there, or the answer does not come in time or is not HTTP.
pub fn post(address: SocketAddr, path: &str, fields: &[(&str, &str)], body: &str) -> io::Result<Answer> {
    let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("POST {path} HTTP/1.1\r\nContent-Length: {}\r\n{fields}", body.len());
    ask(address, &head, body)
}

fn ask(address: SocketAddr, head: &str, body: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    let request = format!("{head}Host: {address}\r\nConnection: close\r\n\r\n{body}");
    let begun = Instant::now();
    stream.write_all(request.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let elapsed = begun.elapsed();
    read(&text, elapsed).ok_or_else(|| {
        io::Error::new(ErrorKind::InvalidData, format!("what answers on {address} is not HTTP: {text:?}"))
    })
}

fn read(text: &str, elapsed: Duration) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.split(' ').next()?.parse().ok()?;
    let head = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Some(Answer { status, head: head.collect(), body: body.to_owned(), elapsed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_in_parts() {
        let text =
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 2\r\n\r\n{}\r\n\r\n";
        let answer = read(text, Duration::ZERO).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (503, "{}\r\n\r\n"));
        assert_eq!(answer.header("retry-after"), Some("5"));
        assert_eq!(answer.header("etag"), None);
    }

    #[test]
    fn what_is_not_http_is_no_answer() {
        for text in ["", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 many\r\n\r\n"] {
            assert_eq!(read(text, Duration::ZERO), None, "{text}");
        }
    }
}
