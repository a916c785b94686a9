//! What the servers' and the API server's counts of one credential come to, and what of it must not be.

use crate::{
    landing::Landing,
    servers::Granted,
    subject::Grant,
    work::{HASTY, Work},
};

/// What is known of one credential when its round has ended.
pub struct Counted<'a> {
    pub grant: Grant,
    pub work: Work,
    /// Where the blow fell, by what stood in the cluster.
    pub seen: Landing,
    /// The announcement was carried out after that.
    pub announced_late: bool,
    pub granted: &'a Granted,
    /// How often tokens were stored.
    pub stored: u64,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Reckoning {
    pub landing: Landing,
    /// Logins that would not have been without the blow.
    pub extra_logins: u64,
    /// What must not have been, in words.
    pub wrong: Vec<String>,
}

impl Counted<'_> {
    pub fn reckon(&self) -> Reckoning {
        let &Self {
            grant,
            work,
            seen,
            announced_late,
            granted,
            stored,
        } = self;
        let mut wrong = Vec::new();
        let grants = granted.grants();
        let lost = grants.saturating_sub(stored);
        // One blow with one request under way: at most one grant is in no Secret, as far as the record tells. A write that
        // was under way at the blow is recorded as unanswered, and may have been carried out.
        if lost > 1 || stored > grants {
            wrong.push(format!("{grants} grants, of which {stored} were stored"));
        }
        if lost > 0 && !self.may_lose() {
            wrong.push(format!("a grant is in no Secret, and the blow fell {}", seen.name()));
        }
        if granted.refused > 0 {
            wrong.push(format!("{} requests were refused", granted.refused));
        }
        let extra_logins = match (grant, work) {
            (Grant::Refresh, _) | (Grant::Password, Work::First) => granted.logins.saturating_sub(1),
            (Grant::Password, Work::Asked) => granted.logins.saturating_sub(3),
            // How many are planned depends on how long the round took, but not how long they are apart.
            (Grant::Password, Work::Due | Work::DueLater) => lost.max(hasty(&granted.login_times)),
        };
        let landing = match seen {
            _ if lost > 0 => Landing::Granted,
            Landing::Before if announced_late => Landing::Announced,
            seen => seen,
        };
        let excused = match grant {
            Grant::Password => landing.is_in_flight(),
            Grant::Refresh => landing.is_in_doubt(),
        };
        if extra_logins > u64::from(excused) {
            wrong.push(format!("{extra_logins} logins too many, struck {}", landing.name()));
        }
        Reckoning {
            landing,
            extra_logins,
            wrong,
        }
    }

    /// Whether the blow explains that a grant is in no Secret. A request is announced before it is sent, but for a login of a
    /// credential that works, by a process that has led for a while; and it is not sent before the announcement is answered.
    fn may_lose(&self) -> bool {
        match self.seen {
            Landing::Before => (self.grant, self.work) == (Grant::Password, Work::DueLater),
            Landing::After => false,
            Landing::Announced | Landing::Marked | Landing::Granted | Landing::Stored => true,
        }
    }
}

/// How often a login came sooner after the one before it than any schedule has it.
fn hasty(login_times: &[u64]) -> u64 {
    let sooner = |pair: &&[u64]| u128::from(pair[1] - pair[0]) < HASTY.as_millis();
    login_times.windows(2).filter(sooner).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reckoned(
        grant: Grant,
        work: Work,
        (seen, announced_late): (Landing, bool),
        (login_seconds, refreshes, stored): (&[u64], u64, u64),
    ) -> Reckoning {
        let granted = Granted {
            logins: login_seconds.len() as u64,
            refreshes,
            refused: 0,
            login_times: login_seconds.iter().map(|second| second * 1_000).collect(),
        };
        let counted = Counted {
            grant,
            work,
            seen,
            announced_late,
            granted: &granted,
            stored,
        };
        counted.reckon()
    }

    #[test]
    fn what_a_blow_explains_is_not_held_against_it() {
        use {
            Grant::{Password, Refresh},
            Landing as L, Work as W,
        };
        for (grant, work, seen, counts, extra) in [
            (Password, W::First, L::After, (&[0][..], 0, 1), 0),
            (Password, W::First, L::Announced, (&[0, 60], 0, 1), 1),
            (Password, W::Asked, L::Stored, (&[0, 5, 30], 0, 3), 0),
            (Password, W::Due, L::After, (&[0, 28, 57], 0, 3), 0),
            (Password, W::Due, L::Announced, (&[0, 28, 88], 0, 2), 1),
            (Password, W::DueLater, L::Before, (&[0, 28, 30], 0, 2), 1),
            (Refresh, W::Due, L::Marked, (&[0, 90], 2, 3), 1),
            (Refresh, W::Asked, L::Stored, (&[0, 30], 1, 3), 1),
        ] {
            let reckoning = reckoned(grant, work, (seen, false), counts);
            assert!(
                reckoning.wrong.is_empty(),
                "{grant:?} {work:?} {seen:?}: {:?}",
                reckoning.wrong
            );
            assert_eq!(reckoning.extra_logins, extra, "{grant:?} {work:?} {seen:?}");
        }
    }

    /// Who does not know whether the announced request was made logs in; but it was not made by who never saw the answer.
    #[test]
    fn an_announcement_that_was_carried_out_late_explains_a_login_and_no_lost_grant() {
        let late = (Landing::Before, true);
        let wrong = |seen, counts| reckoned(Grant::Refresh, Work::DueLater, seen, counts).wrong;
        let login = (&[0, 90][..], 1, 3);
        assert_eq!(wrong(late, login), Vec::<String>::new());
        let unexplained = wrong((Landing::Before, false), login);
        assert_eq!(unexplained, ["1 logins too many, struck before the announcement"]);
        let lost = wrong(late, (&[0, 90], 1, 2));
        assert_eq!(
            lost,
            ["a grant is in no Secret, and the blow fell before the announcement"]
        );
    }

    #[test]
    fn each_login_too_many_is_found() {
        use {
            Grant::{Password, Refresh},
            Landing as L, Work as W,
        };
        for (grant, work, seen, counts, words) in [
            // One more, and the blow fell where nothing is lost.
            (Password, W::First, L::After, (&[0, 3][..], 0, 2), "1 logins too many"),
            (
                Password,
                W::Asked,
                L::After,
                (&[0, 5, 7, 30], 0, 4),
                "1 logins too many",
            ),
            (
                Password,
                W::Asked,
                L::Stored,
                (&[0, 5, 7, 30], 0, 4),
                "1 logins too many",
            ),
            (
                Password,
                W::Due,
                L::After,
                (&[0, 28, 31, 60], 0, 4),
                "1 logins too many",
            ),
            (
                Password,
                W::DueLater,
                L::Stored,
                (&[0, 28, 31, 60], 0, 4),
                "1 logins too many",
            ),
            (Refresh, W::Asked, L::After, (&[0, 30], 2, 4), "1 logins too many"),
            // Two more for one request under way.
            (
                Password,
                W::Asked,
                L::Announced,
                (&[0, 5, 65, 67, 90], 0, 4),
                "2 logins too many",
            ),
            (
                Password,
                W::Due,
                L::Announced,
                (&[0, 28, 30, 32], 0, 3),
                "2 logins too many",
            ),
            (
                Password,
                W::DueLater,
                L::Before,
                (&[0, 28, 30, 32], 0, 3),
                "2 logins too many",
            ),
            (Refresh, W::Due, L::Marked, (&[0, 90, 95], 1, 3), "2 logins too many"),
            // Grants that are in no Secret.
            (
                Password,
                W::Due,
                L::Announced,
                (&[0, 28, 88], 0, 1),
                "3 grants, of which 1 were stored",
            ),
            (
                Password,
                W::Due,
                L::Before,
                (&[0, 28, 57], 0, 2),
                "a grant is in no Secret",
            ),
            (Refresh, W::Due, L::After, (&[0], 2, 2), "a grant is in no Secret"),
        ] {
            let wrong = reckoned(grant, work, (seen, false), counts).wrong;
            let found = wrong.iter().any(|told| told.starts_with(words));
            assert!(found, "{grant:?} {work:?} {seen:?}: {wrong:?}");
        }
    }
}
