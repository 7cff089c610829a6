#include "net.h"
#include "bytes.h"
#include "memory.h"
#include "nic.h"
#include "panic.h"
#include "platform.h"
#include <stddef.h>

#define ETHERNET_BYTES 14u
#define IP_BYTES 20u
#define UDP_BYTES 8u
#define TYPE_IP 0x0800u
#define TYPE_ARP 0x0806u

#define ADDRESS_BYTES NIC_ADDRESS_BYTES
#define BROADCAST 0xffffffffu

#define ANSWER_WITHIN_US 1000000u
#define TRIES 5u

static uint8_t own_mac[ADDRESS_BYTES];
static uint8_t gateway_mac[ADDRESS_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static uint32_t own_ip, gateway_ip;

static uint8_t in_frame[NIC_FRAME_MAX];
static uint8_t out_frame[NIC_FRAME_MAX];

static uint32_t sum_bytes(uint32_t sum, const uint8_t *bytes, uint32_t count) {
    for (uint32_t at = 0; at + 1 < count; at += 2)
        sum += get16(bytes + at);
    return count % 2 == 0 ? sum : sum + ((uint32_t)bytes[count - 1] << 8);
}

static uint16_t fold(uint32_t sum) {
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

uint16_t net_checksum(uint8_t protocol, const uint8_t *body, uint32_t count) {
    uint8_t pseudo[12];
    put32(pseudo, own_ip);
    put32(pseudo + 4, gateway_ip);
    put16(pseudo + 8, protocol);
    put16(pseudo + 10, count);
    return fold(sum_bytes(sum_bytes(0, pseudo, sizeof pseudo), body, count));
}

void net_send_frame(const uint8_t *frame, uint32_t count) {
    nic_send(frame, count);
}

static void send_typed(uint32_t type, uint32_t count) {
    memcpy(out_frame, gateway_mac, ADDRESS_BYTES);
    memcpy(out_frame + ADDRESS_BYTES, own_mac, ADDRESS_BYTES);
    put16(out_frame + 2 * ADDRESS_BYTES, type);
    nic_send(out_frame, ETHERNET_BYTES + count);
}

static void send_to(uint32_t address, uint8_t protocol, const uint8_t *body, uint32_t count) {
    uint8_t *packet = out_frame + ETHERNET_BYTES;
    assert(count <= NET_BODY_MAX);
    memset(packet, 0, IP_BYTES);
    packet[0] = 0x45;
    put16(packet + 2, IP_BYTES + count);
    packet[8] = 64;
    packet[9] = protocol;
    put32(packet + 12, own_ip);
    put32(packet + 16, address);
    put16(packet + 10, fold(sum_bytes(0, packet, IP_BYTES)));
    memcpy(packet + IP_BYTES, body, count);
    send_typed(TYPE_IP, IP_BYTES + count);
}

void net_send(uint8_t protocol, const uint8_t *body, uint32_t count) {
    send_to(gateway_ip, protocol, body, count);
}

/* The next frame of that type; 0 when none comes until the deadline. */
static uint32_t receive_typed(uint32_t type, uint64_t deadline_us) {
    for (;;) {
        uint32_t count = nic_receive(in_frame);
        if (count > ETHERNET_BYTES && get16(in_frame + 2 * ADDRESS_BYTES) == type)
            return count - ETHERNET_BYTES;
        if (count > 0)
            continue;
        if (platform_now_us() >= deadline_us)
            return 0;
        platform_idle(deadline_us);
    }
}

bool net_receive(struct net_packet *packet, uint64_t deadline_us) {
    const uint8_t *header = in_frame + ETHERNET_BYTES;
    for (;;) {
        uint32_t count = receive_typed(TYPE_IP, deadline_us);
        if (count == 0)
            return false;
        if (count < IP_BYTES || header[0] != 0x45 || get16(header + 2) > count || get16(header + 2) < IP_BYTES)
            continue;
        packet->protocol = header[9];
        packet->body = header + IP_BYTES;
        packet->count = get16(header + 2) - IP_BYTES;
        return true;
    }
}

static uint32_t fill_datagram(uint8_t *to, uint16_t from_port, uint16_t port, const void *text, uint32_t count) {
    put16(to, from_port);
    put16(to + 2, port);
    put16(to + 4, UDP_BYTES + count);
    put16(to + 6, 0);
    memcpy(to + UDP_BYTES, text, count);
    return UDP_BYTES + count;
}

#define OWN_PORT 49152u

void net_send_datagram(uint16_t port, const char *text, uint32_t count) {
    static uint8_t datagram[NET_BODY_MAX];
    assert(count <= NET_BODY_MAX - UDP_BYTES);
    uint32_t total = fill_datagram(datagram, OWN_PORT, port, text, count);
    uint16_t sum = net_checksum(NET_UDP, datagram, total);
    put16(datagram + 6, sum == 0 ? 0xffffu : sum);
    net_send(NET_UDP, datagram, total);
}

enum { DHCP_SERVER = 67, DHCP_CLIENT = 68, DHCP_FIXED = 236, DHCP_OPTIONS = 240, DHCP_BYTES = 300 };
enum { DHCP_DISCOVER = 1, DHCP_OFFER = 2, DHCP_REQUEST = 3, DHCP_ACK = 5 };
#define DHCP_COOKIE 0x63825363u
#define TRANSACTION 0x70657269u

static void dhcp_send(uint8_t kind, uint32_t wanted) {
    static uint8_t message[DHCP_BYTES];
    static uint8_t datagram[UDP_BYTES + DHCP_BYTES];
    memset(message, 0, sizeof message);
    message[0] = 1; /* a request, over Ethernet */
    message[1] = 1;
    message[2] = ADDRESS_BYTES;
    put32(message + 4, TRANSACTION);
    memcpy(message + 28, own_mac, ADDRESS_BYTES);
    put32(message + DHCP_FIXED, DHCP_COOKIE);
    uint8_t *option = message + DHCP_OPTIONS;
    *option++ = 53;
    *option++ = 1;
    *option++ = kind;
    if (kind == DHCP_REQUEST) {
        *option++ = 50;
        *option++ = 4;
        put32(option, wanted);
        option += 4;
    }
    *option = 255;
    uint32_t count = fill_datagram(datagram, DHCP_CLIENT, DHCP_SERVER, message, sizeof message);
    send_to(BROADCAST, NET_UDP, datagram, count);
}

/* The value of a DHCP option, or NULL. */
static const uint8_t *dhcp_option(const uint8_t *message, uint32_t count, uint8_t code, uint32_t length) {
    for (uint32_t at = DHCP_OPTIONS; at + 2 + length <= count && message[at] != 255; at += 2u + message[at + 1])
        if (message[at] == code && message[at + 1] == length)
            return message + at + 2;
    return NULL;
}

/* The address in an answer of that kind, and the gateway's; 0 when none comes. */
static uint32_t dhcp_answer(uint8_t wanted_kind) {
    struct net_packet packet;
    uint64_t deadline = platform_now_us() + ANSWER_WITHIN_US;
    while (net_receive(&packet, deadline)) {
        if (packet.protocol != NET_UDP || packet.count < UDP_BYTES + DHCP_OPTIONS ||
            get16(packet.body + 2) != DHCP_CLIENT)
            continue;
        const uint8_t *message = packet.body + UDP_BYTES;
        uint32_t count = packet.count - UDP_BYTES;
        const uint8_t *kind = dhcp_option(message, count, 53, 1);
        const uint8_t *router = dhcp_option(message, count, 3, 4);
        if (get32(message + 4) != TRANSACTION || kind == NULL || *kind != wanted_kind || router == NULL)
            continue;
        gateway_ip = get32(router);
        return get32(message + 16);
    }
    return 0;
}

static uint32_t ask_for_address(void) {
    for (uint32_t i = 0; i < TRIES; i++) {
        dhcp_send(DHCP_DISCOVER, 0);
        uint32_t offered = dhcp_answer(DHCP_OFFER);
        if (offered == 0)
            continue;
        dhcp_send(DHCP_REQUEST, offered);
        if (dhcp_answer(DHCP_ACK) == offered)
            return offered;
    }
    panic("no address by DHCP");
}

static void ask_for_gateway(void) {
    static const uint8_t request[8] = {0, 1, 8, 0, 6, 4, 0, 1};
    uint8_t *arp = out_frame + ETHERNET_BYTES;
    const uint8_t *answer = in_frame + ETHERNET_BYTES;
    for (uint32_t i = 0; i < TRIES; i++) {
        memset(arp, 0, 28);
        memcpy(arp, request, sizeof request);
        memcpy(arp + 8, own_mac, ADDRESS_BYTES);
        put32(arp + 14, own_ip);
        put32(arp + 24, gateway_ip);
        send_typed(TYPE_ARP, 28);
        uint32_t count = receive_typed(TYPE_ARP, platform_now_us() + ANSWER_WITHIN_US);
        if (count < 28 || get16(answer + 6) != 2 || get32(answer + 14) != gateway_ip)
            continue;
        memcpy(gateway_mac, answer + 8, ADDRESS_BYTES);
        return;
    }
    panic("the gateway does not answer");
}

void net_open(void) {
    nic_open(own_mac);
    own_ip = ask_for_address();
    ask_for_gateway();
}

uint32_t net_ping(void) {
    static uint16_t sequence;
    uint8_t echo[16] = {8};
    struct net_packet packet;
    put16(echo + 6, ++sequence);
    put16(echo + 2, fold(sum_bytes(0, echo, sizeof echo)));
    uint64_t sent = platform_now_us();
    net_send(NET_ICMP, echo, sizeof echo);
    while (net_receive(&packet, sent + ANSWER_WITHIN_US))
        if (packet.protocol == NET_ICMP && packet.count == sizeof echo && packet.body[0] == 0 &&
            get16(packet.body + 6) == sequence)
            return (uint32_t)(platform_now_us() - sent);
    panic("no answer to a ping");
}
