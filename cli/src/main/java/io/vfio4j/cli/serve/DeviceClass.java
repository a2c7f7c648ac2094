// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.serve;

import io.vfio4j.devices.DeviceProvider;
import io.vfio4j.devices.DeviceSetup;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A class that creates devices, loaded by name. Classes of a path are in an unnamed module, without native access. */
final class DeviceClass implements AutoCloseable {

  private final URLClassLoader loader;
  private final DeviceProvider provider;

  private DeviceClass(URLClassLoader loader, DeviceProvider provider) {
    this.loader = loader;
    this.provider = provider;
  }

  /**
   * Loads a class.
   *
   * @param name the binary name of the class
   * @param path jars and folders to look in after the modules of vfio4j
   * @throws IllegalArgumentException if there is no such class, or it is not a device
   */
  static DeviceClass load(String name, List<Path> path) throws IOException {
    URLClassLoader loader =
        new URLClassLoader(path.stream().map(DeviceClass::url).toArray(URL[]::new),
            DeviceClass.class.getClassLoader());
    try {
      return new DeviceClass(loader, provider(Class.forName(name, true, loader)));
    } catch (ClassNotFoundException e) {
      loader.close();
      throw new IllegalArgumentException("class %s not found in %s".formatted(name,
          path.isEmpty() ? "the modules of vfio4j; set --device-path to the folder or jar of the class"
              : path),
          e);
    } catch (LinkageError e) {
      loader.close();
      throw new IllegalArgumentException("cannot load class %s: %s".formatted(name, e), e);
    } catch (IOException | RuntimeException e) {
      loader.close();
      throw e;
    }
  }

  private static URL url(Path entry) {
    if (!Files.exists(entry)) {
      throw new IllegalArgumentException("no such file or folder: " + entry);
    }
    try {
      return entry.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException(entry + ": " + e.getMessage(), e);
    }
  }

  private static DeviceProvider provider(Class<?> type) throws IOException {
    Optional<Constructor<?>> ofProvider = constructor(type, DeviceProvider.class);
    if (ofProvider.isPresent()) {
      return (DeviceProvider) call(() -> ofProvider.get().newInstance());
    }
    Optional<Method> method = providerMethod(type);
    if (method.isPresent()) {
      return (DeviceProvider) call(() -> method.get().invoke(null));
    }
    Optional<Constructor<?>> ofDevice = constructor(type, EmulatedDevice.class, DeviceSetup.class);
    if (ofDevice.isPresent()) {
      return DeviceProvider.of(type.getSimpleName(), "Serve a device of " + type,
          setup -> (EmulatedDevice) call(() -> ofDevice.get().newInstance(setup)));
    }
    throw new IllegalArgumentException(
        ("%s is not a device: expected a DeviceProvider with a public constructor without "
            + "parameters, a public static method provider(), or an EmulatedDevice with a public constructor (DeviceSetup)")
            .formatted(type.getName()));
  }

  /** Returns a constructor that can be called from here, if the class is a concrete one of a type. */
  private static Optional<Constructor<?>> constructor(Class<?> type, Class<?> superType,
      Class<?>... parameters) {
    return !superType.isAssignableFrom(type) || Modifier.isAbstract(type.getModifiers()) || !isPublic(type)
        ? Optional.empty()
        : Stream.<Constructor<?>>of(type.getConstructors())
            .filter(constructor -> Arrays.equals(constructor.getParameterTypes(), parameters)).findFirst();
  }

  private static Optional<Method> providerMethod(Class<?> type) {
    return !isPublic(type) ? Optional.empty()
        : Stream.of(type.getMethods())
            .filter(method -> method.getName().equals("provider") && Modifier.isStatic(method.getModifiers())
                && method.getParameterCount() == 0
                && DeviceProvider.class.isAssignableFrom(method.getReturnType()))
            .findFirst();
  }

  private static boolean isPublic(Class<?> type) {
    return Modifier.isPublic(type.getModifiers());
  }

  /** A reflective call. */
  @FunctionalInterface
  private interface Call {
    Object run() throws ReflectiveOperationException;
  }

  /** Makes a reflective call, and rethrows the exception of its target. */
  private static Object call(Call call) throws IOException {
    try {
      return call.run();
    } catch (InvocationTargetException e) {
      switch (e.getCause()) {
        case IOException io -> throw io;
        case RuntimeException unchecked -> throw unchecked;
        case Error error -> throw error;
        case null, default -> throw new IllegalArgumentException("failed: " + e.getCause(), e);
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException("cannot be used: " + e, e);
    }
  }

  DeviceProvider provider() {
    return provider;
  }

  @Override
  public void close() throws IOException {
    loader.close();
  }
}
