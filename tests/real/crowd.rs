//! A hundred credentials with fresh tokens, and an operator that has come to rest over them.

use futures::{StreamExt, stream};
use testbed::operator::Operator;

use crate::{
    figures::reconciles,
    scene::{PATIENCE, Scene, eventually},
};

/// How many are at rest, restarted over, or left alone.
pub const HUNDRED: u64 = 100;

impl Scene {
    /// A hundred credentials with fresh tokens, issued by an operator that has ended.
    pub async fn hundred_fresh(&self) {
        let operator = self.start().await;
        let names: Vec<String> = (0..HUNDRED).map(|number| format!("c-{number}")).collect();
        stream::iter(&names)
            .for_each_concurrent(8, async |name| {
                self.everyday(name).await;
            })
            .await;
        for name in &names {
            self.ready(name).await;
        }
        assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
        assert_eq!(self.simulator.counts().token_requests, HUNDRED);
    }

    /// An operator that is ready and has looked at so many credentials.
    pub async fn settled(&self, looks: u64) -> Operator {
        let operator = self.start().await;
        eventually(PATIENCE, || async {
            let (status, text) = operator.get("/readyz").await.unwrap();
            if !status.is_success() {
                return Err(text);
            }
            match reconciles(&operator).await {
                ended if ended >= f64::from(u32::try_from(looks).unwrap()) => Ok(()),
                ended => Err(format!("{ended} reconciles have ended")),
            }
        })
        .await;
        operator
    }
}
