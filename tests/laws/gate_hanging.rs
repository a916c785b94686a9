//! How many places hosts can take that accept a connection and never answer.

use tracktik_operator::{
    api::{Moment, Span},
    rotation::gate::Outcome,
};

use crate::gate_scene::Scene;

/// After this time a request to such a host is given up.
const GIVEN_UP: Span = Span::seconds(40);

const SECOND: Span = Span::seconds(1);
const TEN_SECONDS: Span = Span::seconds(10);

/// Hosts that hang, and as many credentials of each that worked before as there is room for.
struct Hanging {
    scene: Scene,
    hosts: Vec<String>,
    under_way: Vec<(Moment, String)>,
    asked: usize,
}

impl Hanging {
    fn of(hosts: usize, answered_before: bool) -> Self {
        let mut scene = Scene::new();
        let hosts: Vec<String> = (0..hosts).map(|number| format!("h{number}.staffr.net")).collect();
        for host in hosts.iter().filter(|_| answered_before) {
            scene.answers(host);
        }
        Self {
            scene,
            hosts,
            under_way: Vec::new(),
            asked: 0,
        }
    }

    /// The places that are taken after each tick of this time.
    fn taken(&mut self, length: Span, tick: Span) -> Vec<usize> {
        let end = self.scene.now + length;
        let mut taken = Vec::new();
        while self.scene.now < end {
            taken.push(self.pass(tick));
        }
        taken
    }

    fn pass(&mut self, tick: Span) -> usize {
        let over = |(began, _): &&(Moment, String)| *began + GIVEN_UP <= self.scene.now;
        for (_, credential) in self.under_way.iter().filter(over).cloned().collect::<Vec<_>>() {
            self.scene.finish(&credential, Outcome::NoAnswer);
            self.under_way.retain(|(_, other)| *other != credential);
        }
        for host in &self.hosts {
            loop {
                self.asked += 1;
                let credential = format!("c/{}", self.asked);
                if self.scene.ask(&credential, host).is_some() {
                    self.scene.gate.leave(&credential);
                    break;
                }
                self.under_way.push((self.scene.now, credential));
            }
        }
        self.scene.pass(tick);
        self.scene.gate.in_flight() + self.scene.gate.held(self.scene.now)
    }
}

fn most(taken: &[usize]) -> usize {
    taken.iter().copied().max().unwrap()
}

#[test]
fn a_host_that_never_answered_takes_four_places_and_in_the_end_a_third_of_one() {
    let mut hanging = Hanging::of(1, false);
    assert_eq!(most(&hanging.taken(Span::hours(1), SECOND)), 4);
    let later = hanging.taken(Span::hours(10), TEN_SECONDS);
    assert_eq!(most(&later), 1);
    let share = later.iter().sum::<usize>() * 100 / later.len();
    assert!((31..=39).contains(&share), "{share} %");
}

#[test]
fn a_host_that_dies_under_eight_requests_takes_eleven_places() {
    let mut hanging = Hanging::of(1, true);
    assert_eq!(hanging.taken(SECOND, SECOND), [8]);
    assert_eq!(most(&hanging.taken(Span::minutes(10), SECOND)), 11);
}

#[test]
fn two_hosts_that_die_so_take_all_places_for_less_than_200_s() {
    let mut hanging = Hanging::of(2, true);
    let taken = hanging.taken(Span::minutes(30), SECOND);
    assert_eq!(most(&taken), 18);
    let full = taken.iter().rposition(|taken| *taken == 18).unwrap();
    assert!(full < 200, "all are taken for {full} s");
}

#[test]
fn fifty_hosts_that_hang_for_good_leave_few_places_and_half_of_them_half() {
    for (hosts, places) in [(25, 7..=9), (50, 15..=17)] {
        let mut hanging = Hanging::of(hosts, false);
        hanging.taken(Span::hours(2), TEN_SECONDS);
        let later = hanging.taken(Span::hours(3), TEN_SECONDS);
        let average = later.iter().sum::<usize>() / later.len();
        assert!(places.contains(&average), "{average} places by {hosts} hosts");
    }
}
