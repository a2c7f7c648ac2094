// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

/**
 * The interface of a scratch device to its driver: ids, regions, registers and commands. All numbers are little-endian,
 * and must never change, since drivers depend on them.
 */
public final class ScratchLayout {

  /** PCI vendor, and subsystem vendor. */
  public static final int VENDOR_ID = 0x1234;

  /** PCI device. */
  public static final int DEVICE_ID = 0x5634;

  /** PCI subsystem. */
  public static final int SUBSYSTEM_ID = 0x0001;

  /** PCI class, subclass and programming interface. */
  public static final int CLASS_CODE = 0xff0000;

  /** Region with the registers. */
  public static final int REGISTERS_BAR = 0;

  /** Region with the internal memory. */
  public static final int MEMORY_BAR = 2;

  /** Region with the MSI-X table at 0 and the pending bits at {@link #MSIX_PENDING}. */
  public static final int MSIX_BAR = 4;

  /** Bytes of {@link #REGISTERS_BAR} and {@link #MSIX_BAR}. */
  public static final int SMALL_BAR_SIZE = 4096;

  /** Bytes of the config space. */
  public static final int CONFIG_SIZE = 4096;

  /** Offset of the MSI-X capability in the config space. */
  public static final int MSIX_CAPABILITY = 0x40;

  /** Offset of the MSI-X pending bits in {@link #MSIX_BAR}. */
  public static final int MSIX_PENDING = 0x800;

  /** Number of MSI-X vectors. */
  public static final int VECTORS = 4;

  /** Vector raised when a command is completed. */
  public static final int COMMAND_VECTOR = 0;

  /** Vector of the timer. */
  public static final int TIMER_VECTOR = 1;

  /** Bytes of a page of internal memory, the unit of churn and of streaming. */
  public static final int PAGE_SIZE = 4096;

  /** 32 bits, read only: {@link #ID_VALUE}. */
  public static final int ID = 0x000;

  /** 32 bits, read only: {@link #VERSION_VALUE}. */
  public static final int VERSION = 0x004;

  /** 64 bits, read only: bytes of internal memory. */
  public static final int MEMORY_SIZE = 0x008;

  /** 64 bits without a side effect. */
  public static final int SCRATCH = 0x010;

  /** 32 bits, read only: {@link #STATUS_BUSY} and {@link #STATUS_FAILED}. */
  public static final int STATUS = 0x018;

  /** 32 bits, read only: errno of the last failure. */
  public static final int ERROR = 0x01c;

  /** 64 bits: the first IOVA of a command. */
  public static final int DMA_IOVA = 0x020;

  /** 64 bits: the offset of a command in internal memory. */
  public static final int DMA_OFFSET = 0x028;

  /** 64 bits: the number of bytes that a command copies. */
  public static final int DMA_LENGTH = 0x030;

  /** 32 bits, write only: {@link #COMMAND_READ} or {@link #COMMAND_WRITE}, and {@link #COMMAND_INTERRUPT}. */
  public static final int COMMAND = 0x038;

  /** 64 bits, read only: commands completed since reset, including failed ones but not rejected ones. */
  public static final int COMPLETED = 0x040;

  /** 64 bits, write only: microseconds of running time until {@link #TIMER_VECTOR} is raised; 0 cancels. */
  public static final int TIMER = 0x048;

  /** 64 bits: the IOVA of the first slot of the traffic. */
  public static final int TRAFFIC_IOVA = 0x050;

  /** 32 bits, unsigned: the number of slots, of 8 bytes each; 0 is off. */
  public static final int TRAFFIC_SLOTS = 0x058;

  /** 32 bits, unsigned: writes per second; 0 is off. */
  public static final int TRAFFIC_RATE = 0x05c;

  /** 64 bits, read only: the number of writes, which is also the value last written. */
  public static final int TRAFFIC_COUNT = 0x060;

  /** Offset of the registers of the second traffic generator, if there is one, from those of the first. */
  public static final int SECOND_TRAFFIC = 0x040;

  /** 32 bits, unsigned: changes of internal memory per second; 0 is off. */
  public static final int CHURN_RATE = 0x068;

  /** 64 bits, read only: the number of changes, which is also the value last written. */
  public static final int CHURN_COUNT = 0x070;

  /** 32 bits: raising vector v sets bit v; write one to clear. */
  public static final int INT_STATUS = 0x080;

  /** 64 bits, write only: bytes of the mapping with the lowest IOVA to log as written by DMA. */
  public static final int MARK_DIRTY = 0x100;

  /** Value of {@link #ID}. */
  public static final int ID_VALUE = 0x564a3453;

  /** Value of {@link #VERSION}. */
  public static final int VERSION_VALUE = 1;

  /** Bit of {@link #STATUS}: a command is waiting or in progress. */
  public static final int STATUS_BUSY = 1;

  /** Bit of {@link #STATUS}: the last command, or the traffic, failed. */
  public static final int STATUS_FAILED = 1 << 1;

  /** Value of {@link #COMMAND}: read from the IOVA into internal memory. */
  public static final int COMMAND_READ = 1;

  /** Value of {@link #COMMAND}: write internal memory to the IOVA. */
  public static final int COMMAND_WRITE = 2;

  /** Bit of {@link #COMMAND}: raise {@link #COMMAND_VECTOR} on completion. */
  public static final int COMMAND_INTERRUPT = 0x100;

  private ScratchLayout() {
  }

  /** Returns the size in bytes of {@link #MEMORY_BAR} for internal memory of a given size. */
  public static long memoryBarSize(long memorySize) {
    return memorySize <= PAGE_SIZE ? PAGE_SIZE : Long.highestOneBit(memorySize - 1) << 1;
  }
}
