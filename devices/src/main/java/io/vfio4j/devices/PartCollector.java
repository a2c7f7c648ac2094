// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

/** Collects the parts that are declared inside a region, in the order of their declaration. */
interface PartCollector {

  /** Adds a memory, whose pages are then part of the state. */
  DeviceMemory addMemory(DeviceMemory memory);

  /** Adds a register, whose value is then part of the state if it holds one. */
  void addRegister(Register register);
}
