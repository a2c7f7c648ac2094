// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.IOException;
import java.util.HexFormat;
import java.util.List;

/** A PCI function as seen by a guest, and operations on it by the guest's programs. */
public final class GuestFunction {

  private final Guest guest;
  private final String address;

  GuestFunction(Guest guest, String address) {
    this.guest = guest;
    this.address = address;
  }

  /** Returns its address, such as {@code 0000:01:00.0}. */
  public String address() {
    return address;
  }

  private String path(String attribute) {
    return "/sys/bus/pci/devices/" + address + "/" + attribute;
  }

  /** Returns the lines of a sysfs attribute. */
  public List<String> attribute(String name) throws IOException, InterruptedException {
    return guest.runChecked("cat " + path(name));
  }

  /** Returns a numeric sysfs attribute. */
  public long number(String name) throws IOException, InterruptedException {
    return Long.decode(attribute(name).getFirst());
  }

  /** Returns the config space. */
  public byte[] config() throws IOException, InterruptedException {
    return HexFormat.of()
        .parseHex(guest.runChecked("hexdump -v -e '1/1 \"%02x\"' " + path("config") + "; echo").getFirst());
  }

  /**
   * Enables memory space and bus mastering, as a driver does. QEMU checks the latter for guest memory that it does
   * not share.
   */
  public void enable() throws IOException, InterruptedException {
    guest.runChecked("echo 1 >" + path("enable"));
    // The low byte of the command register: memory space and bus master.
    guest.runChecked("printf '\\006' | dd bs=1 seek=4 conv=notrunc of=" + path("config") + " 2>&1");
  }

  /** Resets it with a reset method of the guest's kernel. */
  public void reset() throws IOException, InterruptedException {
    guest.runChecked("echo 1 >" + path("reset"));
  }

  /**
   * Binds it to a driver, which from then on also binds to other devices with its IDs.
   *
   * @param driver the driver's name
   */
  public void bind(String driver) throws IOException, InterruptedException {
    String ids = "%04x %04x".formatted(number("vendor"), number("device"));
    String folder = "/sys/bus/pci/drivers/" + driver;
    // If the driver already has the IDs, it is bound.
    guest.run("echo " + ids + " >" + folder + "/new_id");
    guest.run("[ -e " + path("driver") + " ] || echo " + address + " >" + folder + "/bind");
    guest.runChecked("[ " + folder + "/" + address + " -ef " + path("") + " ]");
  }

  /** Unbinds it from its driver. */
  public void unbind() throws IOException, InterruptedException {
    guest.runChecked("echo " + address + " >" + path("driver/unbind"));
    guest.runChecked("[ ! -e " + path("driver") + " ]");
  }

  /** Returns the name of its uio device. */
  public String uio() throws IOException, InterruptedException {
    return guest.runChecked("ls " + path("uio")).getFirst();
  }

  /** Returns the number of its group of the virtual IOMMU. */
  public String iommuGroup() throws IOException, InterruptedException {
    return guest.runChecked("basename $(readlink " + path("iommu_group") + ")").getFirst();
  }

  /** Reads from a BAR with one access of the given width in bytes. */
  public long read(int bar, long offset, int width) throws IOException, InterruptedException {
    return access(bar, "r %d %d".formatted(width, offset)).getFirst();
  }

  /** Writes to a BAR with one access of the given width in bytes. */
  public void write(int bar, long offset, int width, long value) throws IOException, InterruptedException {
    access(bar, "w %d %d %d".formatted(width, offset, value));
  }

  /**
   * Makes accesses to a BAR in sequence.
   *
   * @param accesses any number of {@code r WIDTH OFFSET} and {@code w WIDTH OFFSET VALUE}
   * @return the values read
   */
  public List<Long> access(int bar, String accesses) throws IOException, InterruptedException {
    return program("poke %s %d %s".formatted(address, bar, accesses)).stream()
        .map(line -> Long.parseUnsignedLong(line.substring(2), 16)).toList();
  }

  /** Fills the beginning of a BAR with accesses of all widths, and verifies it with accesses of other widths. */
  public void fill(int bar, long length, long seed) throws IOException, InterruptedException {
    program("fill %s %d %d %d".formatted(address, bar, length, seed));
  }

  /** Makes a scratch device copy memory in and out by DMA, and compares. */
  public void checkDma(long length) throws IOException, InterruptedException {
    guest.runChecked("echo 2 >/proc/sys/vm/nr_hugepages");
    program("dma %s %d".formatted(address, length));
  }

  /**
   * Raises INTx repeatedly, and checks through uio_pci_generic that each interrupt arrives once.
   *
   * @param raise offset in BAR 0 and value of the 4-byte write that raises an interrupt
   * @param clear the same for the write that clears it
   * @return nanoseconds per interrupt
   */
  public long checkIntx(int count, String raise, String clear) throws IOException, InterruptedException {
    return Long.parseLong(
        program("intx %s %s %d %s %s".formatted(address, uio(), count, raise, clear)).getFirst());
  }

  /** Makes user space drive a scratch device with vfio-pci, by the checks listed in {@code vfio.c}. */
  public List<String> vfio(String checks) throws IOException, InterruptedException {
    return program("vfio %s %s %s".formatted(iommuGroup(), address, checks));
  }

  /** Returns the nanoseconds of a 4-byte read, averaged over {@code count}. */
  public long measureReads(int bar, long offset, int count) throws IOException, InterruptedException {
    return Long.parseLong(program("time %s %d %d %d".formatted(address, bar, offset, count)).getFirst());
  }

  private List<String> program(String arguments) throws IOException, InterruptedException {
    return guest.runChecked("guest " + arguments);
  }
}
