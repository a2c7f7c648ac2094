// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.modules;

/**
 * Passes native access on. The command line of the JVM can grant it to modules that are there at its start alone; to
 * others only a module that has it can.
 */
public final class NativeAccess {

  private NativeAccess() {
  }

  /**
   * Lets a module call native code.
   *
   * @param layer of which it is
   * @param module its name
   * @throws IllegalArgumentException if it is not in the layer
   */
  public static void grant(ModuleLayer.Controller layer, String module) {
    Module found = layer.layer().findModule(module).filter(known -> known.getLayer() == layer.layer())
        .orElseThrow(() -> new IllegalArgumentException("the layer has no module " + module));
    layer.enableNativeAccess(found);
  }
}
