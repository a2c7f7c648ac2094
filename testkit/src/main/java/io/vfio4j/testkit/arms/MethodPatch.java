// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.arms;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.constant.ClassDesc;
import java.util.function.BiConsumer;

/**
 * A change of a method of the product, made in its class file.
 *
 * @param className the class
 * @param method the method, of which there is one with this name
 * @param keepsBody whether the code is executed before that of the method, instead of in its place
 * @param code makes the code, for the class that has the method
 */
record MethodPatch(String className, String method, boolean keepsBody,
    BiConsumer<CodeBuilder, ClassDesc> code) {

  static MethodPatch replace(String className, String method, BiConsumer<CodeBuilder, ClassDesc> code) {
    return new MethodPatch(className, method, false, code);
  }

  static MethodPatch prepend(String className, String method, BiConsumer<CodeBuilder, ClassDesc> code) {
    return new MethodPatch(className, method, true, code);
  }

  /** Returns the name of the class file. */
  String resource() {
    return className.replace('.', '/') + ".class";
  }

  /** Returns the class file as it is in a module. */
  byte[] read(Module module) throws IOException {
    try (InputStream in = module.getResourceAsStream(resource())) {
      if (in == null) {
        throw new IllegalStateException("no class " + className + ", which a patch is for");
      }
      return in.readAllBytes();
    }
  }

  /**
   * Returns the changed class file.
   *
   * @throws IllegalStateException if there is not exactly one method of this name
   */
  byte[] apply(byte[] original, ClassLoader loader) {
    ClassFile format = ClassFile.of(
        ClassFile.ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(loader)
            .orElse(ClassHierarchyResolver.defaultResolver())));
    ClassModel parsed = format.parse(original);
    long found = parsed.methods().stream().filter(this::isPatched).count();
    if (found != 1) {
      throw new IllegalStateException("%d methods %s of %s, which a patch is for".formatted(found, method,
          className));
    }
    ClassDesc owner = parsed.thisClass().asSymbol();
    return format.transformClass(parsed, (builder, element) -> {
      if (element instanceof MethodModel candidate && isPatched(candidate)) {
        builder.transformMethod(candidate, (changed, part) -> {
          if (part instanceof CodeModel body) {
            changed.withCode(instructions -> write(instructions, owner, body));
          } else {
            changed.with(part);
          }
        });
      } else {
        builder.with(element);
      }
    });
  }

  private boolean isPatched(MethodModel candidate) {
    return candidate.methodName().equalsString(method);
  }

  private void write(CodeBuilder instructions, ClassDesc owner, CodeModel body) {
    code.accept(instructions, owner);
    if (keepsBody) {
      body.forEach(instructions::with);
    }
  }
}
