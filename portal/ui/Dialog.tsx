import { useEffect, useRef, type ReactNode } from "react";

/** A modal of the browser itself: it keeps the focus inside, closes with Escape and gives the focus back. */
export function Dialog(props: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}): ReactNode {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => {
      dialog?.close();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      aria-label={props.title}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
    >
      <div className="head">
        <h2>{props.title}</h2>
        <button type="button" className="button small" onClick={props.onClose}>
          Close
        </button>
      </div>
      <div className="body">{props.children}</div>
    </dialog>
  );
}
