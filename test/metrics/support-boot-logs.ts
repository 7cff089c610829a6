/** Consoles as the families print them at boot, and what their programs say then: nothing of it is a metric. */
export const BOOT_LOGS: Readonly<Record<string, string>> = {
  OSv: `
OSv v0.57.0-42-g1a2b3c4d
4 CPUs detected
Firmware vendor: SeaBIOS
bsd: initializing - done
VFS: mounting ramfs at /
VFS: mounting devfs at /dev
net: initializing - done
vga: Add VGA device instance
virtio-blk: Add blk device instances 0 as vblk0, devsize=5898240
random: virtio-rng registered as a source.
random: intel drng, rdrand registered as a source.
random: <Software, Yarrow> initialized
VFS: unmounting /dev
VFS: mounting rofs at /rofs
eth0: ethernet address: 52:54:00:12:34:56
[I/246 dhcp]: Broadcasting DHCPDISCOVER message with xid: [1462335412]
[I/246 dhcp]: Configuring eth0: ip 10.0.2.15 subnet mask 255.255.255.0 gateway 10.0.2.2 MTU 1500
Booted up in 281.54 ms
Cmdline: /hello
	disk read (real mode): 56.37ms, (+56.37ms)
	uncompress lzloader.elf: 103.77ms, (+47.40ms)
page fault outside application, addr: 0x0000000000000000
[backtrace]
0x00000000403a5c67 <???+1077566567>
`,
  'MirageOS on Solo5': `
            |      ___|
  __|  _ \\  |  _ \\ __ \\
\\__ \\ (   | | (   |  ) |
____/\\___/ _|\\___/____/
Solo5: Bindings version v0.8.0
Solo5: Memory map: 128 MB addressable:
Solo5:   reserved @ (0x0 - 0xfffff)
Solo5:       text @ (0x100000 - 0x2a5fff)
Solo5:     rodata @ (0x2a6000 - 0x309fff)
Solo5:       heap >= 0x3d2000 < stack < 0x8000000
Solo5: Clock source: TSC, frequency estimate is 2592001234 Hz
Solo5: PCI:00:02: virtio-net device, base=0xc000, irq=10
Solo5: Net: Application acquired 'service' as network device
2024-03-01 12:00:00 -00:00: INF [netif] Plugging into service with mac 52:54:00:12:34:56 mtu 1500
2024-03-01 12:00:00 -00:00: INF [ethernet] Connected Ethernet interface 52:54:00:12:34:56
2024-03-01T12:00:00-00:00: [INFO] [application] free=12 used=34
2024-03-01 12:00:01 -00:00: ERR [tcpip-stack-direct] failed, retries=3
Fatal error: exception Failure("no lease")
solo5_exit(2) called
Solo5: trap: type=#PF ec=0x0 rip=0x1001234 rsp=0x7fffe58 rflags=0x10202
Solo5: ABORT: cpu_x86_64.c:181: Fatal trap
`,
  IncludeOS: `
================================================================================
                            #include<os> // Literally
================================================================================
     [ Kernel ] Stack: 0x1ff9e8
     [ Kernel ] Boot magic: 0x2badb002, addr: 0x9500
     [ Multiboot ] OS loaded with 1 modules
		* /service @ 0x34d000 - 0x34d01b, args: sensor 3 , size: 27b
     * Physical memory detected: 130944 KiB, mem_max = 0x8000000
     [ x86_64 PC ] CPU features: FXSR, RDRAND, APIC
     [ APIC ] SMP disabled, cpus=1
     [ Devices ] Listing registered devices
       |
       +--+ NICs (0)
       o
     * CPU frequency: 2592.00 MHz, period=0.385802 ns
     [ Memory ] heap_begin=0x400000,heap_end=0x7ffffff
--------------------------------------------------------------------------------
Service 'sensor' started, build=Release
     [ main ] returned with status 0
`,
  Unikraft: `
Powered by
o.   .o       _ _               __ _
Oo   Oo  ___ (_) | __ __  __ _ ' _) :_
oO   oO ' _ \`| | |/ /  _)' _\` | |_|  _)
oOo oOO| | | | |   (| | | (_) |  _) :_
 OoOoO ._, ._:_:_,\\_._,  .__,_:_, \\___)
                  Prometheus 0.14.0~d3ed4b8
Booting from ROM..1: Set IPv4 address 10.0.2.15 mask 255.255.255.0 gw 10.0.2.2
[    0.000000] Info: [libkvmplat] <setup.c @  279> Entering from KVM (x86)...
[    0.000000] Info: [libkvmplat] <setup.c @  280>      multiboot: 0x9500
[    0.000000] Info: [libkvmplat] <memory.c @  93>        initrd: 0x0
[    0.102030] Info: [libukboot] <boot.c @  204> Initialize platform time...
[    0.103204] dbg:  [libukallocbbuddy] <bbuddy.c @  515> 0x110000: Add allocate unit 1f000 - 400000 (#993)
[    0.201000] ERR:  [libukrandom] <random.c @   45> HWRNG=-95
en1: Added
en1: Interface is up
Hello from Unikraft! argc=1
Arguments:  "unikraft"
`,
  Rumprun: `
rump kernel bare metal bootstrap

x86_boot: multiboot memory map: avail 128M
Copyright (c) 1996, 1997, 1998, 1999, 2000, 2001, 2002, 2003, 2004, 2005,
    The NetBSD Foundation, Inc.  All rights reserved.

NetBSD 7.99.34 (RUMP-ROAST)
total memory = 51208 KB
timecounter: Timecounters tick every 10.000 msec
timecounter: Timecounter "clockinterrupt" frequency 100 Hz quality 0
cpu0 at thinair0: rump virtual cpu
root file system type: rumpfs
kern.module.path=/stand/amd64/7.99.34/modules
mainbus0 (root)
pci0 at mainbus0 bus 0
pci0: i/o space, memory space enabled, rd/line, rd/mult, wr/inv ok
virtio0 at pci0 dev 2 function 0
virtio0: Virtio Network Device (rev. 0x00)
vioif0 at virtio0: Ethernet address 52:54:00:12:34:56
vioif0: link state changed, mtu=1500
mounted tmpfs on /tmp
WARNING: no TOD clock present, using 1970

=== calling "sensor" main() ===

=== main() of "sensor" returned 0 ===

=== _exit(0) called ===
rumprun: rump_sys_reboot howto=8
halted
`,
  Nanos: `
en1: assigned 10.0.2.15
booting hello, kernel at 0xffffffff80000000
Loading kernel.img size=1048576 done
klog: opened, boot_id=7
frame trace:
ffffc00000d1fd78:   ffffffff800a1b2c	(runtime_memcpy + 000000000000001c/0000000000000040)
program startup failed before exec: (result:error open program)
en1: MTU 1500, mac=52:54:00:12:34:56
exit code 0
`,
  'Linux with times': `
[    0.000000] Linux version 6.1.0-18-amd64 (builder@example) (gcc-12 (Debian 12.2.0-14) 12.2.0) #1 SMP PREEMPT_DYNAMIC
[    0.000000] Command line: console=ttyS0 root=/dev/vda1 ro quiet panic=-1
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
[    0.000000] pcpu-alloc: s176128 r8192 d28672 u524288 alloc=1*2097152
[    0.004000] Calibrating delay loop (skipped) preset value.. 5184.00 BogoMIPS (lpj=10368004)
[    0.040000] audit: type=2000 audit(1709294400.040:1): state=initialized audit_enabled=0 res=1
[    0.101000] thermal_sys: Registered thermal governor 'step_wise'
[    0.210000] EXT4-fs (vda1): mounted filesystem with ordered data mode. Quota mode: none.
[    1.500000] systemd[1]: Detected virtualization kvm.
[    2.000000] random: crng init done
[  OK  ] Started Journal Service.
`,
  'Linux without times': `
Kernel command line: console=ttyS0 root=/dev/vda1 ro quiet
pid_max: default: 32768 minimum: 301
clocksource: refined-jiffies: mask: 0xffffffff max_cycles: 0xffffffff, max_idle_ns: 7645519600211568 ns
random: get_random_bytes called from start_kernel+0x8c/0x4a0 with crng_init=0
rcu: 	RCU restricting CPUs from NR_CPUS=8192 to nr_cpu_ids=1.
rcu: Adjusting geometry for rcu_fanout_leaf=16, nr_cpu_ids=1
smp: Bringing up secondary CPUs ...
workingset: timestamp_bits=46 max_order=15 bucket_order=0
io scheduler mq-deadline registered
virtio_blk virtio0: [vda] 4194304 512-byte logical blocks (2.15 GB/2.00 GiB)
input: AT Translated Set 2 keyboard as /devices/platform/i8042/serio0/input/input0
usbcore: registered new interface driver usbfs
sd 0:0:0:0: [sda] Attached SCSI disk
eth0: renamed from veth12
net.ipv4.ip_forward = 1
vm.swappiness=10
PING 10.0.2.2 (10.0.2.2): 56 data bytes
64 bytes from 10.0.2.2: seq=0 ttl=255 time=0.312 ms
login: root
root@board:~# free
              total        used        free      shared  buff/cache   available
Mem:         989560       51208      912340         612       26012      921208
export PATH=/usr/bin HOME=/root
`,
  'programs that log in pairs': `
level=info msg="listening" port=8080 workers=4
time=2024-03-01T12:00:00Z level=warn msg="slow" ms=312
ts=1709294400.123 caller=main.go:42 msg=started
{"level":30,"time":1709294400123,"pid":1,"msg":"ready"}
I0301 12:00:00.123456       1 main.go:42] ready port=8080
app ready port=8080
app[1]: ready=1
listening on=0.0.0.0:8080
took=12ms
connected peer=10.0.2.2 port=5683
worker 3 done in=12ms
cache size=12MB hit=0.98
retry in=5s
flag --verbose=true
user=admin uid=0
a=1
key value
x = 1
temperature: 21.5
temperature 21.5
# HELP memory_free_bytes Free memory.
memory_free_bytes{node="0"} 12345
`,
};
