// A day written as 2024-01-02 whatever the browser's language, with the browser's own calendar behind a button.

export function dateField() {
  return {
    openCalendar(day) {
      this.$refs.native.value = /^\d{4}-\d{2}-\d{2}$/.test(day) ? day : '';
      this.$refs.native.showPicker();
    },
  };
}
