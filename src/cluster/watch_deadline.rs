//! How long a watch may take to begin: a layer around the client.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower::{BoxError, Layer, Service};

use super::DEADLINE;

/// Gives up a watch whose answer has not begun within [`DEADLINE`].
///
/// What goes on for minutes has no deadline of its own, and its stream does not tell that it waits for the beginning. So
/// a watch over a connection that had silently died would never be begun again, and the client's own retry would put one
/// off for as long as a `Retry-After` says. Either leaves a store that grows old without a word.
#[derive(Clone, Copy)]
pub(super) struct WatchDeadline;

impl<S> Layer<S> for WatchDeadline {
    type Service = BegunInTime<S>;

    fn layer(&self, inner: S) -> BegunInTime<S> {
        BegunInTime { inner }
    }
}

pub(super) struct BegunInTime<S> {
    inner: S,
}

impl<S, In, Out> Service<Request<In>> for BegunInTime<S>
where
    S: Service<Request<In>, Response = Response<Out>>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<In>) -> Self::Future {
        let query = request.uri().query().unwrap_or_default();
        let watch = query.split('&').any(|parameter| parameter == "watch=true");
        let answer = self.inner.call(request);
        Box::pin(async move {
            if !watch {
                return answer.await.map_err(Into::into);
            }
            match tokio::time::timeout(DEADLINE, answer).await {
                Ok(answer) => answer.map_err(Into::into),
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use super::*;
    use crate::clock;

    /// What becomes of a request to a server that is silent for this long.
    async fn asked(uri: &str, silent: Duration) -> Result<Response<()>, BoxError> {
        let server = tower::service_fn(async move |_: Request<()>| {
            tokio::time::sleep(silent).await;
            Ok::<_, Infallible>(Response::new(()))
        });
        let request = Request::get(uri).body(()).unwrap();
        WatchDeadline.layer(server).call(request).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_does_not_begin_is_given_up() {
        let began = clock::monotonic();
        let uri = "https://server/api/v1/secrets?watch=true&timeoutSeconds=200";
        let given_up = asked(uri, Duration::from_hours(1)).await.unwrap_err();
        let kind = given_up.downcast_ref::<io::Error>().unwrap().kind();
        assert_eq!((kind, began.elapsed()), (io::ErrorKind::TimedOut, DEADLINE));
        assert!(asked(uri, Duration::from_secs(14)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_has_as_long_as_whoever_asks_gives_it() {
        let uri = "https://server/api/v1/secrets?limit=25";
        assert!(asked(uri, Duration::from_mins(1)).await.is_ok());
    }
}
