// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

/**
 * Numbers of the vfio-user specification: commands, header flags, feature flags. They repeat those of
 * io.vfio4j.vfiouser on purpose, so that a mistake there is not repeated here.
 */
final class WireConstants {

  static final int HEADER = 16;

  static final int VERSION = 1;
  static final int DMA_MAP = 2;
  static final int DMA_UNMAP = 3;
  static final int GET_INFO = 4;
  static final int GET_REGION_INFO = 5;
  static final int GET_IRQ_INFO = 7;
  static final int SET_IRQS = 8;
  static final int REGION_READ = 9;
  static final int REGION_WRITE = 10;
  static final int DMA_READ = 11;
  static final int DMA_WRITE = 12;
  static final int RESET = 13;
  static final int FEATURE = 16;
  static final int MIG_DATA_READ = 17;
  static final int MIG_DATA_WRITE = 18;
  static final int MIG_GET_PRECOPY_INFO = 19;

  static final int TYPE_MASK = 0xf;
  static final int REPLY = 1;
  static final int NO_REPLY = 0x10;
  static final int ERROR = 0x20;

  static final int FEATURE_INDEX = 0xffff;
  static final int GET = 0x1_0000;
  static final int SET = 0x2_0000;
  static final int PROBE = 0x4_0000;

  static final int MIGRATION = 1;
  static final int DEVICE_STATE = 2;
  static final int LOGGING_START = 6;
  static final int LOGGING_STOP = 7;
  static final int LOGGING_REPORT = 8;
  static final int DATA_SIZE = 9;

  static final int REGIONS = 9;
  static final int CONFIG = 7;
  static final int INTX = 0;
  static final int MSIX = 2;
  static final int IRQS = 5;

  private WireConstants() {
  }
}
