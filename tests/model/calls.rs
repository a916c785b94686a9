//! What a call does to the cluster and to TrackTik, whatever becomes of its answer.

use std::rc::Rc;

use tracktik_operator::{api::Grant, oauth::TokenRequestFailure, rotation::observation::Issue};

use crate::{
    api_server::SecretObject,
    invariants::{Broken, login_failed},
    observe::LAYOUT,
    process::{HeldTokens, Op, Reply, Turn},
    rules::{Hands, Rules, Safeguard},
    world::World,
};

impl World {
    /// Carries out a call.
    pub fn carry_out(&mut self, replica: usize, of: usize, op: &Op, turn: &Turn, rules: &Rules) -> Reply {
        match op {
            // What is read is read when the answer is looked at: nothing happens in between.
            Op::Prepare(_) | Op::Verify => Reply::Done,
            Op::Announce(status) | Op::Record(status) => {
                let version = self.api.write_status(of, (**status).clone());
                self.tell(Some(of));
                Reply::StatusWritten(version)
            }
            Op::MarkTried | Op::MarkPutBack => self.mark(of, turn, rules),
            Op::Store => self.store(replica, of, turn, rules),
            Op::Send => self.send(of, turn, rules),
        }
    }

    /// `mark_tried::mark_tried`.
    fn mark(&mut self, of: usize, turn: &Turn, rules: &Rules) -> Reply {
        let Some(issue) = turn.seen.issue() else {
            panic!("decided for a token in place")
        };
        let lets_through = self.api.dry_run(of, turn.precondition()).is_ok();
        if !lets_through && !rules.lacks(Safeguard::PreconditionOfTheMark) {
            return Reply::Conflict;
        }
        if self.api.is_strangers(of) {
            self.breaks(Broken::ForeignWrite);
        }
        let Some(secret) = self.api.mark_tried(of, &issue.issue_id) else {
            return Reply::Conflict;
        };
        self.tell(Some(of));
        Reply::Wrote(secret)
    }

    /// `store_held::store_held`, up to the answer.
    fn store(&mut self, replica: usize, of: usize, turn: &Turn, rules: &Rules) -> Reply {
        let Some(HeldTokens { issue, .. }) = self.desk(replica, of).memory.held.clone() else {
            panic!("decided for tokens that are held")
        };
        let lets_through = self.api.dry_run(of, turn.precondition()).is_ok();
        if !lets_through && !rules.lacks(Safeguard::PreconditionOfTheStore) {
            return Reply::Conflict;
        }
        if self.api.is_strangers(of) {
            self.breaks(Broken::ForeignWrite);
        }
        let issue = Issue {
            layout: LAYOUT.to_owned(),
            refreshable: true,
            ..issue
        };
        if rules.hands != Hands::Off {
            let before = self.api.slots[of].secret.as_deref().cloned();
            // From before its refresh token was used.
            self.backups[of] = before.map(|before| Rc::new(SecretObject { tried: None, ..before }));
        }
        let secret = self.api.apply(of, issue);
        self.tell(Some(of));
        Reply::Wrote(secret)
    }

    /// One POST of which nothing comes. Whoever sent it cannot tell: a refresh token is sent once all the same.
    pub fn send_in_vain(&mut self, turn: &Turn) {
        let with = turn.request.as_ref().unwrap().refresh_token.as_ref();
        let again = with.is_some_and(|with| Rc::make_mut(&mut self.tracktik).note_sent(with).is_err());
        if again {
            self.breaks(Broken::RefreshTokenSentTwice);
        }
    }

    /// One POST.
    fn send(&mut self, of: usize, turn: &Turn, rules: &Rules) -> Reply {
        let request = turn.request.as_ref().unwrap();
        let attempt = request.attempt.as_ref().unwrap();
        let (now, id, grant) = (self.now, attempt.issue_id.clone(), attempt.grant);
        let tracktik = Rc::make_mut(&mut self.tracktik);
        let answer = match (&attempt.grant, &request.refresh_token) {
            (Grant::Refresh, Some(with)) => {
                let Ok(answer) = tracktik.refresh(&id, with) else {
                    self.breaks(Broken::RefreshTokenSentTwice);
                    return Reply::Lost;
                };
                answer
            }
            _ => tracktik.login(&id, now),
        };
        if answer.is_ok() && self.api.is_strangers(of) && !self.excused[of] {
            self.breaks(Broken::GrantedInVain);
        }
        if let Err(failure) = answer
            && grant == Grant::Password
        {
            login_failed(self, rules, matches!(failure, TokenRequestFailure::LoginRefused { .. }));
        }
        answer.map_or_else(Reply::Failed, |()| Reply::Tokens)
    }
}
