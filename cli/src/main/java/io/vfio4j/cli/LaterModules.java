// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

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
 * Modules that few commands need. They lie in folders of their own beside the command's jar, and are not on the module
 * path: the JVM looks through every jar there at each start.
 */
final class LaterModules {

  private LaterModules() {
  }

  /**
   * Loads a module with what it needs.
   *
   * @param module its name; the folder has that name too
   * @param service what it provides
   * @param natives the modules, of those that come with it, that call native code
   * @throws CommandFailure if it is not there, or cannot be used
   */
  static <S> S service(String module, Class<S> service, String... natives) throws CommandFailure {
    Path folder = besideThisModule().resolve("later").resolve(module);
    if (!Files.isDirectory(folder)) {
      throw missing(module, folder, null);
    }
    try {
      Configuration configuration = ModuleLayer.boot().configuration()
          .resolveAndBind(ModuleFinder.of(folder), ModuleFinder.of(), Set.of(module));
      ModuleLayer.Controller layer = ModuleLayer.defineModulesWithOneLoader(configuration,
          List.of(ModuleLayer.boot()), ClassLoader.getPlatformClassLoader());
      for (String one : natives) {
        NativeAccess.grant(layer, one);
      }
      return ServiceLoader.load(layer.layer(), service).stream()
          .filter(provider -> provider.type().getModule().getName().equals(module)).findFirst()
          .orElseThrow(() -> new FindException(module + " provides nothing")).get();
    } catch (FindException e) {
      throw missing(module, folder, e);
    } catch (ServiceConfigurationError e) {
      throw new CommandFailure(ExitCodes.NOT_DONE, "the module %s cannot be used: %s".formatted(module,
          e.getCause() == null ? e.getMessage() : e.getCause().getMessage()), e);
    }
  }

  private static CommandFailure missing(String module, Path folder,
      @Nullable Exception cause) {
    return new CommandFailure(ExitCodes.NOT_DONE,
        "this installation lacks the module %s, which is expected in %s".formatted(module, folder), cause);
  }

  private static Path besideThisModule() {
    Module self = LaterModules.class.getModule();
    URI location = self.getLayer().configuration().findModule(self.getName())
        .flatMap(resolved -> resolved.reference().location())
        .orElseThrow(() -> new IllegalStateException("a module from nowhere"));
    return Path.of(location).resolveSibling(".").normalize();
  }
}
