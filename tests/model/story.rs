//! What happened, for people.

use std::fmt::Write as _;

use tracktik_operator::api::Moment;

use crate::{
    explorer::Found,
    moves::{How, Move},
    process::{Behind, Op},
    rules::START,
};

/// A numbered list of what happened.
pub fn told(moves: &[Move]) -> String {
    let mut text = String::new();
    for (number, by) in moves.iter().enumerate() {
        writeln!(text, "{:>3}. {}", number + 1, line(*by)).unwrap();
    }
    text
}

/// One line on what was searched.
pub fn figures(name: &str, found: &Found) -> String {
    let transitions = u32::try_from(found.transitions).map_or(f64::INFINITY, f64::from);
    let per_second = transitions / found.seconds.max(0.001);
    format!(
        "{name}: {} states, {} transitions, {} deep, {} states on the way to rest, {:.1} s ({per_second:.0} transitions/s)",
        found.states, found.transitions, found.depth, found.calm_states, found.seconds
    )
}

fn line(by: Move) -> String {
    match by {
        Move::Elected(replica) => format!("replica {replica} takes the Lease"),
        Move::Call(replica, of, what, how) => {
            format!("replica {replica}, credential {}: {what}{}", name(of), ending(how))
        }
        Move::Answered(replica, of) => format!("replica {replica}, credential {}: the answer comes", name(of)),
        Move::Dies(replica) => format!("replica {replica} is killed, and starts anew"),
        Move::Freezes(replica) => format!("replica {replica} stands still"),
        Move::Thaws(replica) => format!("replica {replica} goes on"),
        Move::CutOff(replica) => format!("the renewals of the Lease of replica {replica} do not get there for 11 s"),
        Move::Regains(replica) => format!("replica {replica} renews the Lease again, which nobody has taken"),
        Move::Stops(replica) => format!("replica {replica} is asked to end"),
        Move::Ends(replica) => format!("replica {replica} gives the Lease back and ends, another starts in its place"),
        Move::Lags(replica, Behind::ALL) => format!("the watches of replica {replica} fall behind"),
        Move::Lags(replica, behind) => {
            let which = if behind.credentials { "credentials" } else { "Secrets" };
            format!("the watch of {which} of replica {replica} falls behind")
        }
        Move::CatchesUp(replica) => format!("the watches of replica {replica} catch up"),
        Move::StrangersSecret(of) => format!("somebody puts a Secret of their own under the name of {}'s", name(of)),
        Move::PutBack(of) => format!("somebody puts an earlier token Secret of {} back", name(of)),
        Move::MarkTakenOff(of) => format!("somebody takes the mark `tried` off the token Secret of {}", name(of)),
        Move::Mended => "people mend what nobody else can".to_owned(),
        Move::TimePasses(at) => format!("nothing to do until {}", since_start(at)),
    }
}

/// What a call is for.
pub fn called(op: &Op) -> &'static str {
    match op {
        Op::Prepare(_) => "read the sources, dry-run the write",
        Op::Announce(_) => "announce the request in status",
        Op::MarkTried | Op::MarkPutBack => "mark the refresh token as tried",
        Op::Send => "send the token request",
        Op::Store => "store the tokens",
        Op::Verify => "read the token Secret",
        Op::Record(_) => "write status",
    }
}

fn ending(how: How) -> &'static str {
    match how {
        How::Well => "",
        How::LostBefore => ", which does not get there",
        How::OthersUnread => ", which does not get to what others have tried",
        How::LostAfter => ", of which the answer is lost",
        How::Unanswered => ", which TrackTik makes nothing of, and nobody answers for 40 s",
        How::Freezes => ": the process stands still right before",
        How::Slow => ", which takes 12 s",
        How::Late => ", whose answer takes 40 s",
        How::HeldBack => ", which is held back without the claim",
    }
}

fn name(of: usize) -> &'static str {
    ["A", "B"][of]
}

fn since_start(at: Moment) -> String {
    let seconds = (at - START).as_seconds();
    format!("{} min {} s after the start", seconds / 60, seconds % 60)
}
