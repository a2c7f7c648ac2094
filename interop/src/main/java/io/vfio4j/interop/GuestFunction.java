// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.util.HexFormat;
import java.util.List;

/** A PCI function as a guest sees it, and what the guest's programs do with it. */
public final class GuestFunction {

  private final Guest guest;
  private final String address;

  GuestFunction(Guest guest, String address) {
    this.guest = guest;
    this.address = address;
  }

  /** Returns its address, as in {@code 0000:01:00.0}. */
  public String address() {
    return address;
  }

  private String path(String attribute) {
    return "/sys/bus/pci/devices/" + address + "/" + attribute;
  }

  /** Returns the lines of an attribute in sysfs. */
  public List<String> attribute(String name) throws IOException, InterruptedException {
    return guest.runChecked("cat " + path(name));
  }

  /** Returns an attribute in sysfs that is a number, as the kernel writes it. */
  public long number(String name) throws IOException, InterruptedException {
    return Long.decode(attribute(name).getFirst());
  }

  /** Returns bytes of the config space. */
  public byte[] config() throws IOException, InterruptedException {
    return HexFormat.of()
        .parseHex(guest.runChecked("hexdump -v -e '1/1 \"%02x\"' " + path("config") + "; echo").getFirst());
  }

  /** Switches its memory and its DMA on, as a driver would. Memory that QEMU keeps to itself heeds the second. */
  public void enable() throws IOException, InterruptedException {
    guest.runChecked("echo 1 >" + path("enable"));
    // The low byte of the command register: memory space and bus master.
    guest.runChecked("printf '\\006' | dd bs=1 seek=4 conv=notrunc of=" + path("config") + " 2>&1");
  }

  /** Resets it, by whatever way the guest's kernel knows. */
  public void reset() throws IOException, InterruptedException {
    guest.runChecked("echo 1 >" + path("reset"));
  }

  /**
   * Binds it to a driver, which takes devices with its ids from then on.
   *
   * @param driver the driver's name
   */
  public void bind(String driver) throws IOException, InterruptedException {
    String ids = "%04x %04x".formatted(number("vendor"), number("device"));
    String folder = "/sys/bus/pci/drivers/" + driver;
    // The ids may be there already, and have bound it.
    guest.run("echo " + ids + " >" + folder + "/new_id");
    guest.run("[ -e " + path("driver") + " ] || echo " + address + " >" + folder + "/bind");
    guest.runChecked("[ " + folder + "/" + address + " -ef " + path("") + " ]");
  }

  /** Takes it from its driver. */
  public void unbind() throws IOException, InterruptedException {
    guest.runChecked("echo " + address + " >" + path("driver/unbind"));
    guest.runChecked("[ ! -e " + path("driver") + " ]");
  }

  /** Returns the name of its device of the uio class. */
  public String uio() throws IOException, InterruptedException {
    return guest.runChecked("ls " + path("uio")).getFirst();
  }

  /** Returns the number of the group that a virtual IOMMU has it in. */
  public String iommuGroup() throws IOException, InterruptedException {
    return guest.runChecked("basename $(readlink " + path("iommu_group") + ")").getFirst();
  }

  /** Reads from a BAR with one access of so many bytes. */
  public long read(int bar, long offset, int width) throws IOException, InterruptedException {
    return access(bar, "r %d %d".formatted(width, offset)).getFirst();
  }

  /** Writes to a BAR with one access of so many bytes. */
  public void write(int bar, long offset, int width, long value) throws IOException, InterruptedException {
    access(bar, "w %d %d %d".formatted(width, offset, value));
  }

  /**
   * Makes accesses to a BAR, one after the other.
   *
   * @param accesses of them, {@code r WIDTH OFFSET} and {@code w WIDTH OFFSET VALUE}
   * @return what was read
   */
  public List<Long> access(int bar, String accesses) throws IOException, InterruptedException {
    return program("poke %s %d %s".formatted(address, bar, accesses)).stream()
        .map(line -> Long.parseUnsignedLong(line.substring(2), 16)).toList();
  }

  /** Fills the beginning of a BAR in accesses of all widths, and reads it again in other ones. */
  public void fill(int bar, long length, long seed) throws IOException, InterruptedException {
    program("fill %s %d %d %d".formatted(address, bar, length, seed));
  }

  /** Lets a scratch device move so much memory in and out, and compares. */
  public void checkDma(long length) throws IOException, InterruptedException {
    guest.runChecked("echo 2 >/proc/sys/vm/nr_hugepages");
    program("dma %s %d".formatted(address, length));
  }

  /**
   * Raises INTx, one after the other, and sees that each comes once, through uio_pci_generic.
   *
   * @param raise offset in BAR 0 and value of the write that raises one, 4 bytes
   * @param clear the same of the write that clears it
   * @return nanoseconds from one to the next
   */
  public long checkIntx(int count, String raise, String clear) throws IOException, InterruptedException {
    return Long.parseLong(
        program("intx %s %s %d %s %s".formatted(address, uio(), count, raise, clear)).getFirst());
  }

  /** Lets user space drive a scratch device by vfio-pci, in the ways that are named in {@code vfio.c}. */
  public List<String> vfio(String checks) throws IOException, InterruptedException {
    return program("vfio %s %s %s".formatted(iommuGroup(), address, checks));
  }

  /** Returns the nanoseconds that a read of 4 bytes takes, one of {@code count}. */
  public long measureReads(int bar, long offset, int count) throws IOException, InterruptedException {
    return Long.parseLong(program("time %s %d %d %d".formatted(address, bar, offset, count)).getFirst());
  }

  private List<String> program(String arguments) throws IOException, InterruptedException {
    return guest.runChecked("guest " + arguments);
  }
}
