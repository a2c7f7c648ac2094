// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.arms;

import io.vfio4j.testkit.arms.Arm;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;

/** Loads the server's module, and its tests, without a guard. All else is shared with the caller. */
final class ArmLoader extends ClassLoader {

  private static final String OWN = "io.vfio4j.vfiouser.";

  private final Map<String, byte[]> patched;

  ArmLoader(Arm arm) throws IOException {
    super("without a guard: " + arm, ArmLoader.class.getClassLoader());
    patched = arm.classFiles(ArmLoader.class.getModule());
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!name.startsWith(OWN)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      return loaded != null ? loaded : define(name);
    }
  }

  private Class<?> define(String name) throws ClassNotFoundException {
    String file = name.replace('.', '/') + ".class";
    byte[] bytes = patched.get(file);
    try (InputStream in = ArmLoader.class.getModule().getResourceAsStream(file)) {
      if (in == null) {
        throw new ClassNotFoundException(name);
      }
      byte[] code = bytes != null ? bytes : in.readAllBytes();
      return defineClass(name, code, 0, code.length);
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }
}
