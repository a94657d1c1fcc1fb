//! Whose words an answer is in: those of our own API, or of one that older apps speak.

use model::Timestamp;
use poem::Response;

use crate::{framecad, http::front::RequestContext, mini_key_server, problem::Problem};

/// The API that a route belongs to, which decides how its failures look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Face {
    /// Leasehold's own: problem documents.
    #[default]
    Native,
    /// The API of mini-key-server.
    MiniKeyServer,
    /// The FrameCAD licensing API.
    FrameCad,
}

impl Face {
    /// The answer that tells of `problem`.
    pub(crate) fn respond(self, problem: &Problem, context: &RequestContext, now: Timestamp) -> Response {
        let mut response = match self {
            Self::Native => return problem.respond(context.request_id(), context.path()),
            Self::MiniKeyServer => mini_key_server::failure(problem),
            Self::FrameCad => framecad::failure(problem, now),
        };
        if let Some((name, value)) = problem.extra_header() {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }

    /// Whether who may GET may also ask for the HEAD. Not where a GET is counted and written down.
    pub(crate) const fn has_heads(self) -> bool {
        matches!(self, Self::Native)
    }
}
