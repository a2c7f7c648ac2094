// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.modules;

/**
 * Grants native access to other modules. The command line of the JVM can grant it only to modules of the boot
 * layer; to others, only a module that has it can.
 */
public final class NativeAccess {

  private NativeAccess() {
  }

  /**
   * Grants native access to a module.
   *
   * @param layer the layer of the module
   * @param module the name of the module
   * @throws IllegalArgumentException if the layer does not contain it
   */
  public static void grant(ModuleLayer.Controller layer, String module) {
    Module found = layer.layer().findModule(module).filter(candidate -> candidate.getLayer() == layer.layer())
        .orElseThrow(() -> new IllegalArgumentException("the layer has no module " + module));
    layer.enableNativeAccess(found);
  }
}
