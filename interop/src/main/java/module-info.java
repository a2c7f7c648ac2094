// SPDX-License-Identifier: Apache-2.0
/** A harness that boots guests of a real QEMU with vfio4j devices. */
module io.vfio4j.interop {
  requires static org.jspecify;
  requires io.vfio4j.cli;
  requires io.vfio4j.model;
  requires io.vfio4j.linux;
  requires io.vfio4j.engine;
  requires io.vfio4j.conformance;
  requires info.picocli;
  requires io.vfio4j.devices;
  requires io.vfio4j.testkit;
  requires io.vfio4j.keys;
  requires com.google.gson;
}
