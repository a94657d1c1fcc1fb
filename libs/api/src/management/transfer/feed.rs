//! The lines of an uploaded file on their way into the database: read on a thread for blocking work, some hundred at a
//! time, while those before are written.

use std::{
    fs::File,
    io::{self, BufReader},
};

use licensing::{Error, ImportCount, ImportLines, Line};
use tokio::sync::mpsc;

use super::{
    format::Format,
    kind::Kind,
    reader::{Broken, Reader},
};
use crate::problem::{Fault, Problem};

/// The most lines of a file.
const MOST_LINES: u64 = 2_000_000;
/// Lines in one piece.
const PIECE: usize = 500;
/// Bytes after which a piece is long enough, however few its lines are.
const PIECE_BYTES: usize = 512 * 1024;
/// Pieces that are read before they are asked for.
const AHEAD: usize = 2;

/// A file whose lines were read once: it can be read, and it is known what it needs.
pub(super) struct Checked {
    file: File,
    pub(super) count: ImportCount,
}

/// Reads a file from its beginning to its end, without doing anything with its lines.
///
/// # Errors
/// When its header is not that of such a file, or it has too many lines.
pub(super) async fn check<K: Kind>(file: File, format: Format) -> Result<Checked, Problem> {
    let checking = tokio::task::spawn_blocking(move || {
        let mut reader = Reader::<K, _>::open(BufReader::new(file), format).map_err(problem)?;
        let (mut count, mut lines) = (ImportCount::default(), 0);
        while let Some((line, _)) = reader.next().map_err(|error| problem(Broken::Io(error)))? {
            lines += 1;
            if lines > MOST_LINES {
                let detail = format!("A file has at most {MOST_LINES} lines.");
                return Err(Problem::new(Fault::BodyTooLarge).detail(detail));
            }
            if let Ok(line) = &line.content {
                K::count(line, &mut count);
            }
        }
        Ok(Checked { file: reader.into_input().into_inner(), count })
    });
    checking.await.map_err(|error| {
        tracing::error!(%error, "reading an uploaded file failed");
        Problem::new(Fault::Internal)
    })?
}

fn problem(broken: Broken) -> Problem {
    match broken {
        Broken::Header(problem) => problem,
        Broken::Io(error) => {
            tracing::error!(%error, "an uploaded file cannot be read");
            Problem::new(Fault::Unavailable)
        }
    }
}

/// The lines of a file, read a second time.
pub(super) struct Feed<K: Kind> {
    pieces: mpsc::Receiver<io::Result<Vec<Line<K::Line>>>>,
}

impl<K: Kind> Feed<K> {
    /// Begins to read.
    pub(super) fn of(checked: Checked, format: Format) -> Self {
        let (sender, pieces) = mpsc::channel(AHEAD);
        tokio::task::spawn_blocking(move || {
            let outcome = read::<K>(checked.file, format, &sender);
            // Nobody listens any more when the import has failed.
            let _ = sender.blocking_send(outcome.map(|()| Vec::new()));
        });
        Self { pieces }
    }
}

type Sender<K> = mpsc::Sender<io::Result<Vec<Line<<K as Kind>::Line>>>>;

fn read<K: Kind>(file: File, format: Format, sender: &Sender<K>) -> io::Result<()> {
    let broken = |broken| match broken {
        Broken::Header(_) => io::Error::other("the header of the file has changed"),
        Broken::Io(error) => error,
    };
    let mut reader = Reader::<K, _>::open(BufReader::new(file), format).map_err(broken)?;
    let (mut piece, mut bytes) = (Vec::with_capacity(PIECE), 0);
    while let Some((line, length)) = reader.next()? {
        piece.push(line);
        bytes += length;
        if piece.len() >= PIECE || bytes >= PIECE_BYTES {
            let full = std::mem::replace(&mut piece, Vec::with_capacity(PIECE));
            bytes = 0;
            if sender.blocking_send(Ok(full)).is_err() {
                return Ok(());
            }
        }
    }
    if !piece.is_empty() {
        let _ = sender.blocking_send(Ok(piece));
    }
    Ok(())
}

impl<K: Kind> ImportLines<K::Line> for Feed<K> {
    async fn next(&mut self) -> Result<Vec<Line<K::Line>>, Error> {
        match self.pieces.recv().await {
            // An empty piece is the end.
            Some(Ok(piece)) => Ok(piece),
            Some(Err(error)) => Err(Error::Internal("reading an uploaded file", Some(Box::new(error)))),
            // Without it, the thread that reads has died.
            None => Err(Error::Internal("an uploaded file was not read to its end", None)),
        }
    }
}
