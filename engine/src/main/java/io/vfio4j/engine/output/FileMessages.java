// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.output;

import io.vfio4j.engine.util.Exceptions;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Messages for the JDK's exceptions about files, most of which only contain the name of the file. */
public final class FileMessages {

  private FileMessages() {
  }

  /** Returns the message of any exception, without the name of a class. */
  public static String message(Throwable e) {
    return e instanceof IOException ofFile ? message(ofFile) : Exceptions.message(e);
  }

  /** Returns what failed, as in {@code /a/b: permission denied}, without the name of a class. */
  public static String message(IOException e) {
    return e instanceof FileSystemException ofFile
        ? "%s: %s".formatted(ofFile.getFile(), reason(ofFile))
        : Exceptions.message(e);
  }

  private static String reason(FileSystemException e) {
    return switch (e) {
      case NoSuchFileException _ -> "no such file or directory";
      case AccessDeniedException _ -> "permission denied";
      case FileAlreadyExistsException _ -> "already exists";
      default -> {
        String reason = e.getReason();
        yield reason == null ? "an operation on it failed" : reason;
      }
    };
  }
}
