//! The reference for serving: a bare poem handler that gives back the JSON that it is sent, in the server's own loop.

use poem::web::Json;
use poem::{EndpointExt as _, IntoEndpoint as _, Route, handler, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::http::{Limits, serve as serve_on};

/// Asks this program to be the echo.
pub(crate) const ECHO: &str = "--echo";

#[handler]
fn echo(Json(value): Json<Value>) -> Json<Value> {
    Json(value)
}

/// Serves until the process is killed, and says where as the server does.
pub(crate) fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("ready at http://{}", listener.local_addr().expect("an address"));
        let endpoint = Route::new().at("/echo", post(echo)).into_endpoint().map_to_response();
        let (stop, abort) = (CancellationToken::new(), CancellationToken::new());
        serve_on(listener, endpoint, Limits::default(), stop, abort).await;
    });
}
