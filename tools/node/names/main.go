// names is the DNS server of the node's pods: it answers with the IPv4 addresses of a file in the format of /etc/hosts, which
// it reads anew for each question, and with "no such name" to everything else. So nothing of a test is asked elsewhere.
//
//	names 10.213.2.10:53 HOSTS
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// timeToLive is 0: a pod that is made again has another address at once.
const timeToLive = 0

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: names ADDRESS:PORT HOSTS")
		os.Exit(2)
	}
	socket, err := net.ListenPacket("udp4", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "names:", err)
		os.Exit(1)
	}
	question := make([]byte, 1500)
	for {
		length, from, err := socket.ReadFrom(question)
		if err != nil {
			continue
		}
		if reply, err := answer(question[:length], os.Args[2]); err == nil {
			// Lost like any datagram may be: who asked asks again.
			_, _ = socket.WriteTo(reply, from)
		}
	}
}

func answer(packet []byte, hosts string) ([]byte, error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(packet)
	if err != nil {
		return nil, err
	}
	question, err := parser.Question()
	if err != nil {
		return nil, err
	}
	found := lookUp(hosts, strings.TrimSuffix(question.Name.String(), "."))
	reply := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: header.ID, Response: true, RecursionDesired: header.RecursionDesired, RecursionAvailable: true},
		Questions: []dnsmessage.Question{question},
	}
	switch {
	case found == nil:
		reply.RCode = dnsmessage.RCodeNameError
	case question.Type == dnsmessage.TypeA:
		reply.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: timeToLive},
			Body:   &dnsmessage.AResource{A: [4]byte(found)},
		}}
	}
	return reply.Pack()
}

// lookUp gives the four bytes of the name's address, or nil.
func lookUp(hosts, name string) net.IP {
	file, err := os.Open(hosts)
	if err != nil {
		return nil
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		words := strings.Fields(lines.Text())
		for _, word := range words[min(1, len(words)):] {
			if strings.EqualFold(word, name) {
				return net.ParseIP(words[0]).To4()
			}
		}
	}
	return nil
}
