/*
 * IPv4 with one peer, the gateway: DHCP (RFC 2131), ARP (RFC 826), UDP and ping. Its twin is src/guestnet. Nothing
 * is fragmented, nobody else is spoken to, and whatever is not expected is passed over.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { NET_ICMP = 1, NET_TCP = 6, NET_UDP = 17 };

/* Of a packet's body: what Ethernet takes, without the header of 20 bytes. */
#define NET_BODY_MAX 1480u

struct net_packet {
    uint8_t protocol;
    const uint8_t *body; /* until the next one is asked for */
    uint32_t count;
};

/* Opens the card, asks for an address and for the gateway's, or panics. */
void net_open(void);

void net_send(uint8_t protocol, const uint8_t *body, uint32_t count);

/* The next packet from the gateway; false when none comes until the deadline. */
bool net_receive(struct net_packet *packet, uint64_t deadline_us);

/* Of the Internet (RFC 1071), with what TCP's and UDP's cover beside their own bytes. */
uint16_t net_checksum(uint8_t protocol, const uint8_t *body, uint32_t count);

void net_send_datagram(uint16_t port, const char *text, uint32_t count);

/* How long the gateway takes to answer, in microseconds; panics when it does not. */
uint32_t net_ping(void);

/* Whatever it is. */
void net_send_frame(const uint8_t *frame, uint32_t count);
