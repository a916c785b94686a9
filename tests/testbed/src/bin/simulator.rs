//! The simulator of TrackTik as a program of its own, for the demo and for scripts.
//!
//! It says where it listens in one line of JSON on stdout, and ends when its stdin does, so it cannot
//! outlive the script that started it.

use std::{
    error::Error,
    fs,
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    thread,
    time::Duration,
};

use clap::{ArgGroup, Parser};
use serde_json::json;
use testbed::simulator::{Certificate, Simulator, SimulatorConfig};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

/// Plays TrackTik.
#[derive(Parser)]
#[command(group = ArgGroup::new("identity").args(["cert", "write_ca"]).required(true))]
struct Flags {
    /// PEM file with the certificate chain to show
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// PEM file with the private key of the certificate
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Make up a CA and a certificate for its addresses and localhost, and write the CA here as PEM
    #[arg(long, value_name = "FILE")]
    write_ca: Option<PathBuf>,
    /// Address to listen on
    #[arg(long, default_value_t = Ipv4Addr::LOCALHOST.into())]
    address: IpAddr,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Serve on so many addresses, from 127.0.0.1 on, with the same port
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    hosts: u8,
    /// Life of an access token
    #[arg(long, value_name = "N", default_value_t = 3600)]
    access_token_seconds: u64,
    /// Never ban an address
    #[arg(long)]
    no_ban: bool,
    /// Open the control listener too
    #[arg(long)]
    control: bool,
    /// Its port; 0 takes a free one
    #[arg(long, default_value_t = 0, requires = "control")]
    control_port: u16,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let flags = Flags::parse();
    let mut config = SimulatorConfig::new(certificate(&flags)?)?;
    config.address = flags.address;
    config.port = flags.port;
    config.hosts = flags.hosts;
    config.rules.access_token_life = Duration::from_secs(flags.access_token_seconds);
    if flags.no_ban {
        config.rules.ban = None;
    }
    // Before the line that says ready: who reads it may send the signal at once.
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut simulator = Simulator::start(config).await?;
    let mut control_port = None;
    if flags.control {
        control_port = Some(simulator.listen_for_control(flags.control_port).await?);
    }
    let ready = json!({"ready": true, "port": simulator.port(), "controlPort": control_port});
    let mut stdout = io::stdout();
    writeln!(stdout, "{ready}")?;
    stdout.flush()?;
    tokio::select! {
        _ = end_of_stdin() => {}
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    Ok(())
}

fn certificate(flags: &Flags) -> Result<Certificate, Box<dyn Error>> {
    if let (Some(cert), Some(key)) = (&flags.cert, &flags.key) {
        let (chain_pem, key_pem) = (fs::read(cert)?, fs::read(key)?);
        return Ok(Certificate { chain_pem, key_pem });
    }
    let mut names = vec!["localhost".to_owned()];
    names.extend((1..=flags.hosts).map(|host| format!("127.0.0.{host}")));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (certificate, authority_pem) = Certificate::self_made(&names)?;
    if let Some(path) = &flags.write_ca {
        fs::write(path, authority_pem)?;
    }
    Ok(certificate)
}

/// A thread of its own: a read of stdin cannot be cancelled, and must not hold up the exit.
fn end_of_stdin() -> oneshot::Receiver<()> {
    let (end, ended) = oneshot::channel();
    thread::spawn(move || {
        let mut ignored = [0; 512];
        while matches!(io::stdin().read(&mut ignored), Ok(count) if count > 0) {}
        // Nobody listens only if a signal was faster.
        let _ = end.send(());
    });
    ended
}
