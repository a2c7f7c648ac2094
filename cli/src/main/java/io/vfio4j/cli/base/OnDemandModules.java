// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.linux.modules.NativeAccess;
import java.lang.module.Configuration;
import java.lang.module.FindException;
import java.lang.module.ModuleFinder;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Modules that few commands need. Each has a directory beside the command's jar and is not on the module path, since the
 * JVM scans every jar there at startup.
 */
public final class OnDemandModules {

  private OnDemandModules() {
  }

  /**
   * Loads a module with its dependencies.
   *
   * @param module its name, which is also that of its directory
   * @param service the service that it provides
   * @param natives those of its dependencies that call native code
   * @throws CommandException if it is not installed or cannot be used
   */
  public static <S> S load(String module, Class<S> service, String... natives) throws CommandException {
    Path folder = installationFolder().resolve("later").resolve(module);
    if (!Files.isDirectory(folder)) {
      throw missingModule(module, folder, null);
    }
    try {
      Configuration configuration = ModuleLayer.boot().configuration()
          .resolveAndBind(ModuleFinder.of(folder), ModuleFinder.of(), Set.of(module));
      ModuleLayer.Controller layer = ModuleLayer.defineModulesWithOneLoader(configuration,
          List.of(ModuleLayer.boot()), ClassLoader.getPlatformClassLoader());
      for (String name : natives) {
        NativeAccess.grant(layer, name);
      }
      return ServiceLoader.load(layer.layer(), service).stream()
          .filter(provider -> provider.type().getModule().getName().equals(module)).findFirst()
          .orElseThrow(() -> new FindException("%s does not provide %s".formatted(module, service.getName())))
          .get();
    } catch (FindException e) {
      throw missingModule(module, folder, e);
    } catch (ServiceConfigurationError e) {
      throw new CommandException(ExitCodes.FAILURE, "the module %s cannot be used: %s".formatted(module,
          e.getCause() == null ? e.getMessage() : e.getCause().getMessage()), e);
    }
  }

  private static CommandException missingModule(String module, Path folder, @Nullable Exception cause) {
    return new CommandException(ExitCodes.FAILURE,
        "this installation lacks the module %s (expected in %s)".formatted(module, folder), cause);
  }

  private static Path installationFolder() {
    Module self = OnDemandModules.class.getModule();
    URI location = self.getLayer().configuration().findModule(self.getName())
        .flatMap(resolved -> resolved.reference().location())
        .orElseThrow(() -> new IllegalStateException("the module has no location"));
    return Path.of(location).resolveSibling(".").normalize();
  }
}
